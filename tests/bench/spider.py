"""The same crawl for Scrapy: every page once, its URL, status, title and links into a file."""
from urllib.parse import urlsplit

import scrapy
from scrapy.linkextractors import LinkExtractor


class SiteSpider(scrapy.Spider):
    name = "site"
    custom_settings = {"ROBOTSTXT_OBEY": True, "LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False,
                       "RETRY_TIMES": 2, "DOWNLOAD_DELAY": 0, "AUTOTHROTTLE_ENABLED": False,
                       "REQUEST_FINGERPRINTER_IMPLEMENTATION": "2.7"}

    def __init__(self, start, anywhere=None, **options):
        super().__init__(**options)
        self.start_urls = [start]
        self.allowed_domains = [] if anywhere else [urlsplit(start).hostname]
        self.extractor = LinkExtractor()

    def parse(self, response):
        links = self.extractor.extract_links(response)
        yield {"url": response.url, "status": response.status, "title": response.css("title::text").get(),
               "links": [(link.url, link.text, link.nofollow) for link in links]}
        for link in links:
            yield response.follow(link, self.parse)
