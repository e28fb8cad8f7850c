
use builtin;
use str;

set edit:completion:arg-completer[meshlint] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'meshlint'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'meshlint'= {
            cand --color 'When to use colors'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand check 'Check Istio configuration'
            cand parse 'Show how Kubernetes reads a file'
            cand explain 'Explain a rule'
            cand rules 'List the rules'
            cand schema 'Print the JSON Schema of a kind'
            cand completions 'Print a script that completes meshlint''s arguments in a shell'
            cand man 'Print a manual page'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'meshlint;check'= {
            cand --format 'How findings are written'
            cand --color 'When to use colors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshlint;parse'= {
            cand --color 'When to use colors'
            cand --strict 'Refuse duplicate keys'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshlint;explain'= {
            cand --color 'When to use colors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshlint;rules'= {
            cand --format 'How to write the list'
            cand --color 'When to use colors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshlint;schema'= {
            cand --color 'When to use colors'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'meshlint;completions'= {
            cand --color 'When to use colors'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'meshlint;man'= {
            cand --color 'When to use colors'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'meshlint;help'= {
            cand check 'Check Istio configuration'
            cand parse 'Show how Kubernetes reads a file'
            cand explain 'Explain a rule'
            cand rules 'List the rules'
            cand schema 'Print the JSON Schema of a kind'
            cand completions 'Print a script that completes meshlint''s arguments in a shell'
            cand man 'Print a manual page'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'meshlint;help;check'= {
        }
        &'meshlint;help;parse'= {
        }
        &'meshlint;help;explain'= {
        }
        &'meshlint;help;rules'= {
        }
        &'meshlint;help;schema'= {
        }
        &'meshlint;help;completions'= {
        }
        &'meshlint;help;man'= {
        }
        &'meshlint;help;help'= {
        }
    ]
    $completions[$command]
}
