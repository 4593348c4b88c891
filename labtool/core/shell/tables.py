"""What is known of bash's own commands and of other programs that run what they are told."""

import re

# Builtins that look at their arguments and do no more with them.
DATA = ("echo", ":", "cd", "pwd", "true", "false", "exit", "return", "break", "continue", "shift",
        "kill")  # fmt: skip
# Those that may have what nobody can say.
CONSTANT = ("umask", "ulimit", "type", "times")
# Those that take a text for code, for a variable, or for a number to calculate.
REFUSED = frozenset((
    "alias", "bg", "bind", "builtin", "caller", "compgen", "complete", "compopt", "declare",
    "dirs", "disown", "enable", "eval", "fc", "fg", "getopts", "hash", "help", "history", "jobs",
    "let", "local", "logout", "mapfile", "popd", "pushd", "readarray", "shopt", "suspend",
    "typeset", "unalias",
))  # fmt: skip
# Those that a program of the same name, somewhere, has nothing of.
BUILTINS = frozenset((*REFUSED, *CONSTANT, "read", "set", "export", "readonly", "unset", "trap",
                      "source", ".", "wait", "test", "["))  # fmt: skip
# Programs that run a script's file with arguments, or a text: which options may come before.
SCRIPTS = {
    **dict.fromkeys(("bash", "sh", "dash", "zsh", "ksh", "mksh", "rbash", "ash"), r"-[eux]+"),
    **dict.fromkeys(("python", "python2", "python3", "pypy3"), r"-[uBsEIO]+"),
    **dict.fromkeys(("perl", "ruby", "node", "nodejs", "php", "lua", "tclsh"), r"-w"),
    "Rscript": "--(vanilla|quiet|no-[a-z-]+|slave)",
    **dict.fromkeys(("fish", "csh", "tcsh", "expect", "osascript", "pwsh"), r"-f"),
    **dict.fromkeys(("julia", "octave", "octave-cli"), r"--?[\w-]+(=\S*)?"),
    **dict.fromkeys(("guile", "scala", "sbcl", "clisp", "elixir", "iex", "erl", "racket", "ocaml",
                     "runghc", "runhaskell", "groovy", "coffee", "ts-node", "tsx", "jshell", "sage",
                     "maxima", "gp", "luajit", "wish", "pythonw", "wolframscript", "bun",
                     "xonsh", "nu", "elvish", "osh", "yash", "posh", "littler"),
                    r"-q|-s|-f|-file|--script|--quiet|run"),
}  # fmt: skip
# Of those, shells: also a text that nobody else says takes what is in variables apart once more.
SHELLS = ("bash", "sh", "dash", "zsh", "ksh", "mksh", "rbash", "ash", "fish", "csh", "tcsh",
          "xonsh", "nu", "elvish", "osh", "yash", "posh")  # fmt: skip
# Endings of files that they take for programs by themselves.
IMPORTED = {
    **dict.fromkeys(("python", "pypy", "pythonw"), (".py", ".pth")),
    **dict.fromkeys(("node", "nodejs", "bun"), (".js", ".mjs", ".cjs")),
    **dict.fromkeys(("octave", "octave-cli"), (".m",)),
    "perl": (".pm", ".pl"), "ruby": (".rb",), "php": (".php",), "lua": (".lua",),
}  # fmt: skip
# Modules of Python that run what they are told.
MODULES = ("timeit", "code", "pdb", "IPython", "trace", "cProfile", "profile", "runpy", "doctest")
# What they get on standard input is data to them; what is in their arguments is not.
TEXTS = ("sed", "gsed", "awk", "gawk", "mawk", "nawk", "original-awk", "make", "gmake", "m4",
         "ansible", "salt", "R", "matlab", "gnuplot", "bc", "bioawk", "jq", "gojq", "jaq", "yq",
         "mlr", "rename", "prename", "file-rename", "perl-rename")  # fmt: skip
# Of those, which take what comes in for a text where no file is named.
ASKING = ("R", "matlab", "gnuplot")
# What make reads by itself.
MAKEFILES = frozenset(("Makefile", "makefile", "GNUmakefile"))
# Files that programs run, or go by, without being told of them.
RECIPES = MAKEFILES | frozenset((
    "Dockerfile", "docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml",
    "package.json", "setup.py", "pyproject.toml", "conftest.py", "noxfile.py", "fabfile.py",
    "tasks.py", "dodo.py", "sitecustomize.py", "Rakefile", "Gemfile", "Snakefile", "justfile",
    "Justfile", "Taskfile.yml", "CMakeLists.txt", "build.gradle", "Vagrantfile", "ansible.cfg",
    ".Rprofile", ".octaverc", ".bashrc", ".bash_profile", ".profile", ".envrc", ".gitconfig",
    "authorized_keys", ".env",
))  # fmt: skip
# Those that run what comes in.
FED = frozenset(("bc", "mongo", "mongosh", "redis-cli", "telnet", "sbatch", "qsub", "patch",
                 "jupyter", "guix", "influx"))  # fmt: skip
# A text of sed, and one of awk, that has a shell run what it reads.
SED_RUNS = re.compile(
    r"(?:^|[;{}\n])\s*(?:(?:\d+|\$|/(?:\\.|[^/\\])*/)[,!]?\s*)*e(?=$|[\s;}])"
    r"|(?:^|[;{}\n!\d/$]|\s)\s*s([^\w\s\\])(?:\\.|(?!\1).)*\1(?:\\.|(?!\1).)*\1[gpiIMm0-9]*e"
)
AWK_RUNS = re.compile(
    r"\bsystem\s*\((?!\s*\"[^\"]*\"\s*\))|print[^;}\n]*[^|;}\n]\|\s*&?\s*[A-Za-z_$(]"
    r"|\|\s*&?\s*\"[^\"]*\bw?\w*sh\b|(?<!^)(?<![{;(\s])\s*\"[^\"]*\"\s*\|\s*&?\s*getline"
    r"|[\w$)\]]\s*\|\s*&?\s*getline|\"[^\"]*\"\s*[\w$][^;{}|]*\|\s*&?\s*getline"
)
# In place of a file's name that cannot be known.
ANY = "*"
NOWHERE = ("/dev/null", "/dev/stdout", "/dev/stderr")
# Programs that write a file which their arguments name.
WRITING = frozenset(("tee", "mv", "cp", "ln", "install", "dd", "rsync", "split", "sponge"))
# Those whose output is never what somebody else has printed, or a file has.
SAYING = frozenset((
    "echo", "printf", "date", "pwd", "whoami", "hostname", "id", "nproc", "uname", "seq", "mktemp",
    "basename", "dirname", "which", "command", "true", ":",
))  # fmt: skip
NEVER = ("su", "runuser", "parallel", "watch", "script", "at", "batch", "crontab", "dc", "ed", "ex",
         "vi", "vim", "nvim", "emacs", "psql", "mysql", "mariadb", "sqlite3", "gdb", "tmux",
         "screen", "rsh", "mosh", "sshpass", "xterm", "nc", "ncat", "socat", "irb", "ipython",
         "ipython3", "ghci", "sftp", "ftp", "lftp", "smbclient", "pdsh", "pssh", "clush", "dsh",
         "nix-shell", "hyperfine", "entr", "watchexec", "bsub", "pexec", "rush", "tsp", "nq",
         "pueue", "bwrap", "xe", "sg", "oarsub", "condor_run", "view", "gvim", "rvim", "vimdiff",
         "emacsclient", "kak", "duckdb", "sqlplus", "pgcli", "mycli", "systemd-nspawn",
         "schroot", "pkexec", "capsh")  # fmt: skip
# Those that run a program which their arguments name: options, and options that take a word.
RUN = {
    "command": ("", ""),
    "exec": ("", ""),
    "nohup": ("", ""),
    "setsid": ("-[cfw]+", ""),
    "time": ("-p", ""),
    "chronic": ("-v", ""),
    "stdbuf": ("-[ioe].+", "-[ioe]"),
    "nice": (r"-\d+|-n-?\d+", "-n"),
    "ionice": (r"-[cn]\d+|-t", "-[cn]"),
    "env": ("-i|-", "-[uC]"),
    "flock": ("-[nxse]+", "-[wE]"),
    "timeout": (r"-[ks]\w+|-v|--(foreground|preserve-status|(kill-after|signal)=\w+)", "-[ks]"),
    "sudo": (r"-[nEHb]+|--(user|group)=[\w-]+", "-[nEH]*[ug]|--(user|group)"),
    "doas": ("-n", "-u"),
    "taskset": ("-[ac]+|--all-tasks|--cpu-list", ""),
    "chrt": ("-[abdfior]+|--(batch|deadline|fifo|idle|other|rr)", "-[TPD]"),
    "prlimit": ("--.+=.+|-.+=.+", ""),
    "strace": ("-[fqtTvxrcyC]+|--[a-z-]+=.+", "-[eoOPsu]"),
    "ltrace": ("-[fStTrcC]+", "-[eonsu]"),
    "unshare": ("-[munipUCTrcf]+|--[a-z-]+=.+"
                "|--(mount|uts|ipc|net|pid|user|cgroup|fork|map-root-user|map-current-user)",
                "-[GRSw]"),
    "setpriv": ("--[a-z-]+=.+|--(nnp|no-new-privs|clear-groups|keep-groups|init-groups|reset-env)",
                "--[a-z-]+"),
    "nsenter": ("-[amunipUCTF]+|--[a-z-]+=.+|--(all|mount|uts|ipc|net|pid|user|cgroup)",
                "-[tSG]|--(target|setuid|setgid)"),
    "systemd-run": ("-[qtPGdr]+|--[a-zA-Z-]+=.+"
                    "|--(user|scope|wait|pty|pipe|quiet|collect|same-dir|no-block)",
                    "-[puME]|--[a-z-]+"),
    "chroot": ("--.+=.+|--skip-chdir", ""),
    "npx": ("-y|--yes", ""),
    "uvx": ("", ""),
    "bunx": ("", ""),
    "busybox": ("", ""),
    "toybox": ("", ""),
    "linux32": ("", ""),
    "linux64": ("", ""),
    "setarch": ("-R", ""),
    "gosu": ("", ""),
    "su-exec": ("", ""),
    "setuidgid": ("", ""),
    "chpst": ("-[vP012]+", "-[uUbenmdoplfcrt]"),
    "daemonize": ("-[av]+", "-[ceEoplu]"),
    "faketime": ("-f|-m", ""),
    "fakechroot": ("", ""),
    "lckdo": ("-[wWeEq]+", ""),
    "setlock": ("-[nNxX]+", ""),
    "torsocks": ("-i", ""),
    "tsocks": ("", ""),
    "proxychains": ("-q", "-f"),
    "cgexec": ("--sticky", "-g"),
    "hwloc-bind": ("--(single|strict|membind)", ""),
    "cpulimit": ("-[zmif]+", "-[l]|--limit"),
    "run-one": ("", ""),
    "retry": ("", "-[td]|--(times|delay)"),
    "ifne": ("-n", ""),
    "catchsegv": ("", ""),
    "valgrind": ("--.+=.+|-q|-v", ""),
    "numactl": ("--.+=.+|-.+=.+|--(interleave|localalloc)", "-[NCmip]"),
    "unbuffer": ("-p", ""),
    "firejail": ("--[a-z-]+(=.+)?", ""),
    "proot": ("", "-[rbwR]"),
    "fakeroot": ("", ""),
    "dbus-run-session": ("", ""),
    "dbus-launch": ("--(exit-with-session|sh-syntax)", ""),
    "xvfb-run": ("-a|--auto-servernum", "-[nse]"),
    **dict.fromkeys(("srun", "salloc", "sbatch", "qsub", "qrsh"), (
        r"-[a-zA-Z]\d+|--[a-z-]+=.+|-[vVQIlOsH]|--(exclusive|pty|overlap|label|unbuffered|quiet"
        "|parsable|wait|requeue|no-requeue|verbose|hold|oversubscribe|contiguous|test-only)",
        "-[a-zA-Z]|-(cwd|pe|hard|soft)|--[a-z-]+")),
    "shifter": ("--[a-z-]+=.+", "-[iVvm]|--(image|module|volume)"),
    "likwid-pin": ("-[qS]", "-[cst]"),
    **dict.fromkeys(("heaptrack", "gdbserver", "aa-exec"), ("", "-p")),
    **dict.fromkeys(("mpirun", "mpiexec", "orterun", "aprun", "jsrun", "ibrun", "horovodrun"), (
        "--?(oversubscribe|allow-run-as-root|quiet|verbose|report-bindings)|--[a-z-]+=.+",
        "--?(n|np|c|H|host|hosts|hostfile|f|machinefile|ppn|N|x|wdir|map-by|bind-to|mca)")),
    "java": (r"-[XDd]\S+|-(jar|server|ea)|--[a-z-]+=.+", "-(cp|classpath|p|m)|--class-path"),
    "proxychains4": ("-q", "-f"),
    **dict.fromkeys(("ld.so", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"), ("", "")),
}  # fmt: skip
# Of those, which take a word before the program: a mask, a priority, a folder, a person.
PLACED = ("taskset", "chrt", "chroot", "gosu", "su-exec", "setuidgid", "faketime", "lckdo",
          "setlock", "setarch", "hwloc-bind")  # fmt: skip
# Which take assignments there; which run a shell where no program is named.
ASSIGNING = ("env", "sudo")
SHELLING = ("chroot", "unshare", "nsenter", "setarch", "linux32", "linux64", "fakeroot", "proot",
            "firejail", "fakechroot")  # fmt: skip
# Options of those that a parameter may be the value of; and those with which it may be of all.
_CLUSTER = re.compile(
    r"(?:--(?:job-name|output|error|comment|array|time|mem|partition|account|cpus-per-task|ntasks"
    r"|nodes)|-[JNtpAcnoe])="
)
HARMLESS = {
    **dict.fromkeys(("srun", "salloc", "sbatch", "qsub"), _CLUSTER),
    "java": re.compile(r"-D[\w.]+="),
}
LENIENT = ("nice", "ionice", "timeout", "flock", "sudo", "doas", "stdbuf", "env")
# Commands of programs that run a program, after so many words that are no options: the container.
WITHIN: dict[str, dict[str, int]] = {
    **{one: {"exec": 1, "run": 1, "create": 1} for one in
       ("docker", "podman", "nerdctl", "docker-compose")},
    **{one: {"exec": 1, "run": 1, "debug": 1} for one in ("kubectl", "oc")},
    **{one: {"exec": 1} for one in ("lxc", "incus", "multipass", "crictl")},
    **{one: {"run": 1, "start": 1} for one in ("buildah", "udocker", "enroot")},
    "limactl": {"shell": 1}, "ch-run": {}, "wsl": {},
    **{one: {"exec": 1} for one in ("singularity", "apptainer")},
    **{one: {"run": 0}
       for one in ("conda", "mamba", "micromamba", "poetry", "pipenv", "pdm", "hatch", "rye",
       "uv", "pipx", "deno", "flatpak", "toolbox", "heroku")},
    **{one: {"exec": 0, "x": 0, "dlx": 0} for one in ("npm", "pnpm", "yarn")},
    **{one: {"exec": 0} for one in ("bundle", "pyenv", "rbenv", "asdf", "mise")},
    "nix": {"run": 0, "develop": 0, "shell": 0},
    "guix": {"shell": 0},
    "perf": {"stat": 0, "record": 0, "trace": 0},
    "distrobox": {"enter": 1},
    "dokku": {"run": 1, "enter": 1},
    "machinectl": {"shell": 1},
    "direnv": {"exec": 1},
    "go": {"run": 0},
}  # fmt: skip
# Of those, which have a shell; in which -- stands before the program; which fetch it from a
# registry.
SHELLED = ("singularity", "apptainer", "poetry", "pipenv")
ENDING = ("kubectl", "oc", "lxc", "incus", "nix", "guix", "distrobox", "multipass", "ch-run",
          "wsl")  # fmt: skip
PACKAGES = ("npm", "pnpm", "yarn", "pipx", "uv", "nix", "guix", "deno", "go")
# Their options without a word; and, of containers, in one letter.
FLAGS = re.compile(
    "-q|--(rm|interactive|tty|detach|privileged|init|read-only|quiet|no-TTY|no-deps|stdin|yes"
    "|publish-all|nv|rocm|cleanenv|contain|containall|writable|writable-tmpfs|no-home|live-stream"
    r"|no-capture-output|no-project|frozen|isolated|locked|allow-\w+|service-ports|use-aliases"
    "|build|verbose|no-cache|offline)"
)
LETTERS = {
    **dict.fromkeys(("docker", "podman", "nerdctl", "docker-compose"), "-[itdTP]+"),
    "kubectl": "-[it]+", "oc": "-[it]+",
    **dict.fromkeys(("singularity", "apptainer"), "-[eC]+"),
    **dict.fromkeys(("npm", "pnpm", "yarn"), "-y"),
    "lxc": "-[tT]", "incus": "-[tT]", "deno": "-A",
}  # fmt: skip
# Of git's commands, those whose options may run something.
GIT_RUNS = frozenset(("pull", "fetch", "clone", "ls-remote", "push", "archive", "grep", "rebase",
                      "bisect", "submodule", "remote", "config", "difftool", "mergetool",
                      "filter-branch", "filter-repo", "send-email", "daemon", "help"))  # fmt: skip
# Words after which git has a shell read others; options before its command that take a word; of
# GIT_RUNS, options that a parameter may not be after, and those that it may be the value of.
GIT_TOLD = ("foreach", "filter-branch", "bisect", "difftool", "mergetool", "daemon", "send-email")
GIT_TAKES = ("-c", "--git-dir", "--work-tree", "--namespace", "--config-env", "--exec-path")
GIT_CODE = ("-c", "--config", "-u", "--upload-pack", "--receive-pack", "-x", "--exec", "-O")
GIT_FINE = re.compile("--(branch|depth|since|shallow-since|message|prefix|format|onto|reference)=")
# Tests of find that take a word.
FIND_TAKES = ("-name", "-iname", "-path", "-ipath", "-newer", "-user", "-group", "-size", "-mtime",
              "-mmin", "-maxdepth", "-mindepth", "-type", "-perm")  # fmt: skip
# Those that expand the variables of their environment in texts that a shell gets.
EXPANDING = frozenset(("make", "gmake"))
# Options after which a program or a command is said.
RUNNING = re.compile(
    r"--?(exec|command|cmd|rsh|eval|wrap|extra-vars|use-askpass|unzip-command|expression|checkpoint-action|to-command|upload-pack"
    r"|receive-pack|lua-filter|wrapper|execute|use-compress-program|rcfile|init-file|rsync-path|ssh-command)(=.*)?"
)
NUMBER = re.compile(r"[0-9.]+[smhd]?")
SSH_TAKES = re.compile(r"-[A-Za-z0-9]*[BbcDEeFIiJLlmOopQRSWw]")
# Those that run others or texts, wherever they are named.
INTERPRETERS = frozenset({*SCRIPTS, *NEVER, *TEXTS, "xargs", "ssh", "eval", "busybox"}) - {
    # These are also what others call their commands.
    "view", "rename", "nu", "kak", "posh",
}  # fmt: skip
TESTS = frozenset(f"-{one}" for one in "bcdefghkprsuwxGLNOSzn")
COMPARES = frozenset(
    ("=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef")
)
# Variables in which bash calculates or runs what it finds, and those by which programs are told
# what to run.
SPECIAL = re.compile(
    r"BASH\w*|COMP\w*|DIRSTACK|E?UID|PPID|EPOCH\w*|FUNC\w*|GROUPS|HIST\w*|LINENO|OPT\w*|S?RANDOM"
    r"|SECONDS|SHELL\w*|PS\d|PROMPT\w*|IFS|ENV|GLOB\w*|TMOUT|MAIL\w*|EXECIGNORE|TIMEFORMAT"
    r"|READLINE\w*|\w*PATH|LD_\w+|DYLD_\w+|\w*_COMMAND|\w*OPTS?|\w*OPTIONS|\w*FLAGS|\w*EDITOR"
    r"|VISUAL|\w*PAGER|BROWSER|\w*ASKPASS|HOME|LESS\w*|GIT_\w+|PYTHON\w+|PERL\w+|RUBY\w+|NODE\w+"
    r"|JAVA\w*|MAKE\w*|LABTOOL\w*|labtool_\w*|TERM\w*|LOCPATH|GCONV\w*|POSIXLY_CORRECT|TAR_\w+"
    r"|BORG_\w+|\w+_RSH|\w*_SSH|PHPRC|PHP_INI\w*|LUA_\w+|ZDOTDIR|R_(PROFILE|ENVIRON|HOME|LIBS)\w*"
    r"|ANSIBLE_\w+|XDG_\w+|WGETRC|KUBECONFIG|OPENSSL_\w+|DOTNET_\w+|(?i:npm_config_\w+)"
    r"|(CARGO|RUSTC)_\w*|(SINGULARITY|APPTAINER)ENV_\w+|AWS_(CONFIG|SHARED)\w+|(VIM|EX)INIT"
    r"|\w+_PASSCOMMAND|RSYNC_\w+|OLDPWD|PWD|auto_resume|histchars"
)
