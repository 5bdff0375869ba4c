/* checks: which texts a setting accepts. Pure. */
#ifndef CONFIG_CHECKS_P_H
#define CONFIG_CHECKS_P_H

#include <stdbool.h>

#include "crawler/base/str.h"

bool check_crawl_name(struct str text); /* [a-z0-9][a-z0-9_-]{0,63} */
bool check_web_url(struct str text);    /* http:// or https://, a host, nothing that is no URL */
bool check_proxy_url(struct str text);  /* http, https, socks4, socks4a, socks5, socks5h */
bool check_header(struct str text);     /* "Name: value" (RFC 9110, 5.1 and 5.5) */
bool check_header_value(struct str text);
bool check_pattern(struct str text); /* no control characters, at most 4096 bytes */
bool check_path(struct str text);
bool check_absolute_path(struct str text);
bool check_servers(struct str text); /* "192.0.2.1,[2001:db8::1]:5353" */

#endif
