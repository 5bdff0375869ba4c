# Bash completion for crawld(1). Works without the bash-completion package; with it, it is loaded by itself.
# tests/e2e/docs_agree.py compares its options with those of `crawld COMMAND --help`.

_crawld_options() # COMMAND
{
    local common="-h --help --version -q --quiet -v --verbose --log-format"
    case $1 in
    crawl)
        echo "$common -o --output --revisit --fresh --input --scope --include --exclude --depth --no-follow \
            --no-sitemaps --no-traps --requisites --max-pages --max-pages-per-host \
            --max-pages-per-domain --max-hosts-per-domain --max-time --per-host --connections --delay --timeout --max-size --retries --stall-after \
            --no-robots --user-agent -H --header --cookies --proxy --dns-servers --store --format \
            --allow-private --insecure"
        ;;
    serve) echo "$common -c --config" ;;
    cat) echo "$common --hash -c --config" ;;
    query | audit) echo "$common -f --format -c --config" ;;
    explain) echo "$common -l --links -f --format -c --config" ;;
    *) echo "$common" ;;
    esac
}

# The values of an option that has a fixed set of them; nothing for others.
_crawld_values() # COMMAND OPTION
{
    case $1:$2 in
    *:--log-format) echo "text json" ;;
    crawl:--format) echo "jsonl" ;;
    query:-f | query:--format) echo "table csv json jsonl" ;;
    audit:-f | audit:--format) echo "table json" ;;
    explain:-f | explain:--format) echo "text json" ;;
    crawl:--scope) echo "host domain prefix any" ;;
    crawl:--store) echo "bodies text none" ;;
    crawl:--delay) echo "auto" ;;
    esac
}

# What OPTION wants behind it: db, file, values (a fixed set), word (nothing to offer); nothing for a switch.
_crawld_kind() # OPTION
{
    case $1 in
    -o | --output) echo db ;;
    --input | --cookies | -c | --config) echo file ;;
    --log-format | -f | --format | --scope | --store | --delay) echo values ;;
    --include | --exclude | --depth | --max-pages | --max-time | --per-host | --connections) echo word ;;
    --max-pages-per-host | --max-pages-per-domain | --max-hosts-per-domain) echo word ;;
    --hash | --timeout | --max-size | --retries | --stall-after | --user-agent | -H | --header | --proxy | --dns-servers) echo word ;;
    esac
}

_crawld_words() # WORDS CURRENT
{
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_crawld_files() # CURRENT [GLOB]
{
    compopt -o filenames 2>/dev/null
    if [[ -n ${2-} ]]; then
        mapfile -t COMPREPLY < <(compgen -d -- "$1"; compgen -G "$1*$2" 2>/dev/null)
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$1")
    fi
}

_crawld_argument() # COMMAND INDEX CURRENT
{
    case $1:$2 in
    query:1 | cat:1 | explain:1 | audit:1) _crawld_files "$3" .db ;;
    check:1) _crawld_files "$3" ;;
    esac
}

_crawld_value() # COMMAND OPTION CURRENT
{
    case $(_crawld_kind "$2") in
    db) _crawld_files "$3" .db ;;
    file) _crawld_files "$3" ;;
    values) _crawld_words "$(_crawld_values "$1" "$2")" "$3" ;;
    esac
}

_crawld()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]-}
    local i arguments=0
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        _crawld_words "crawl serve query cat explain audit check --help --version" "$current"
        return
    fi
    # Readline splits --option=value into three words.
    if [[ $current == "=" ]]; then
        current="" # the value begins behind it
    elif [[ $previous == "=" ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if [[ -n $(_crawld_kind "$previous") ]]; then
        _crawld_value "$command" "$previous" "$current"
    elif [[ $current == -* ]]; then
        _crawld_words "$(_crawld_options "$command")" "$current"
    else
        for ((i = 2; i <= COMP_CWORD; i++)); do
            if [[ -n $(_crawld_kind "${COMP_WORDS[i]}") ]]; then
                [[ ${COMP_WORDS[i + 1]-} == "=" ]] && ((i += 1))
                ((i += 1))
            elif [[ ${COMP_WORDS[i]} != -?* ]]; then
                ((arguments += 1))
            fi
        done
        _crawld_argument "$command" "$arguments" "$current"
    fi
}

complete -F _crawld crawld
