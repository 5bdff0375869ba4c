#!/usr/bin/env bash
# The man page is clean mdoc, and man(1) sets it without a warning. usage: man_lint.sh PAGE
set -u
page=$(realpath "$1")
tools=0 failures=0

# judge TOOL STATUS WORDS: a tool is content when it succeeds and says nothing.
judge()
{
    tools=$((tools + 1))
    if (($2 != 0)) || [[ -n $3 ]]; then
        failures=$((failures + 1))
        printf '%s (exit status %s):\n%s\n' "$1" "$2" "$3"
    fi
}

if command -v man >/dev/null; then
    said=$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings --encoding=UTF-8 --local-file "$page" 2>&1 >/dev/null)
    judge man $? "$said"
fi
if command -v mandoc >/dev/null; then
    said=$(mandoc -T lint -W warning "$page" 2>&1)
    judge mandoc $? "$said"
fi
if ((tools == 0)); then
    echo "skipped: neither man nor mandoc is installed"
    exit 77
fi
echo "man page: $((tools - failures))/$tools tools content"
exit $((failures > 0))
