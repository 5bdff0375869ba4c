#!/usr/bin/env bash
# Loads the completion into a plain bash and asks what it offers.
# usage: completion_test.sh COMPLETION_FILE
set -u
# shellcheck source=/dev/null
source "$(realpath "$1")"

folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cd "$folder" || exit 1
mkdir sites
touch example.db 'my site.db' notes.txt crawld.yaml
cases=0 failures=0

# expect "offers, sorted, with | between" WORD...: the last word is the one being typed.
expect()
{
    local wanted=$1 got
    shift
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    _crawld
    got=$(printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd '|')
    cases=$((cases + 1))
    if [[ $got != "$wanted" ]]; then
        failures=$((failures + 1))
        printf 'typed: %s\n  expected: %s\n  got:      %s\n' "$*" "$wanted" "$got"
    fi
}

expect 'cat|check|crawl' crawld c
expect '--help|--version' crawld --
expect '--max-size' crawld crawl --max-s
expect '--dns-servers' crawld crawl --dns
expect '' crawld query --max
expect '--config' crawld serve --c
expect 'csv' crawld query -f c
expect 'crawld.yaml' crawld cat -c cr
expect 'example.db' crawld query -f csv -c crawld.yaml e
expect 'any|domain|host|prefix' crawld crawl --scope ''
expect 'domain' crawld crawl --scope d
expect 'domain' crawld crawl --scope = d
expect 'bodies|none|text' crawld crawl --store = 
expect 'jsonl' crawld crawl --format ''
expect 'csv|json|jsonl|table' crawld query --format ''
expect 'json|jsonl' crawld query example.db --format js
expect 'auto' crawld crawl --delay ''
expect 'json|text' crawld check --log-format ''
expect 'example.db|my site.db|sites' crawld query ''
expect 'example.db' crawld cat e
expect 'example.db' crawld query --format csv e
expect 'example.db' crawld query --format = csv e
expect 'example.db' crawld query --quiet e
expect '' crawld query example.db s
expect 'crawld.yaml' crawld check cr
expect 'crawld.yaml' crawld serve --config cr
expect 'example.db|my site.db|sites' crawld crawl -o ''
expect 'notes.txt' crawld crawl --input n
expect '' crawld crawl --depth ''
expect '' crawld crawl ''

echo "completion: $((cases - failures))/$cases"
exit $((failures > 0))
