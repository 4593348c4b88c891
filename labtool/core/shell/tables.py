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
# Programs that run a script's file with arguments, or a text: which options may come before.
SCRIPTS = {
    **dict.fromkeys(("bash", "sh", "dash", "zsh", "ksh", "mksh", "rbash", "ash"), r"-[eux]+"),
    **dict.fromkeys(("python", "python2", "python3", "pypy3"), r"-[uBsEIO]+"),
    **dict.fromkeys(("perl", "ruby", "node", "nodejs", "php", "lua", "Rscript", "tclsh"), r"-w"),
    **dict.fromkeys(("fish", "csh", "tcsh", "expect", "osascript", "pwsh"), r"-f"),
    **dict.fromkeys(("julia", "octave"), r"--?[\w-]+(=\S*)?"),
}  # fmt: skip
# Modules of Python that run what they are told.
MODULES = ("timeit", "code", "pdb", "IPython", "trace", "cProfile", "profile", "runpy", "doctest")
# What they get on standard input is data to them; what is in their arguments is not.
TEXTS = ("sed", "gsed", "awk", "gawk", "mawk", "nawk", "original-awk", "make", "gmake", "m4",
         "ansible", "salt", "R", "matlab", "gnuplot", "bc")  # fmt: skip
# Of those, which take what comes in for a text where no file is named.
ASKING = ("R", "matlab", "gnuplot")
# What make reads by itself.
MAKEFILES = frozenset(("Makefile", "makefile", "GNUmakefile"))
# In place of a file's name that cannot be known.
ANY = "*"
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
         "ipython3", "ghci", "sftp", "ftp", "lftp")  # fmt: skip
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
    "ionice": (r"-[cnt]\d*", "-[cn]"),
    "env": ("-i|-", "-[uC]"),
    "flock": ("-[nxse]+", "-[wE]"),
    "timeout": (r"-[ks]\w+|-v|--(foreground|preserve-status|(kill-after|signal)=\w+)", "-[ks]"),
    "sudo": (r"-[nEHb]+|--(user|group)=[\w-]+", "-[nEH]*[ug]"),
    "doas": ("-n", "-u"),
    "taskset": ("-[ac]+", ""),
    "chrt": ("-[abdfior]+", ""),
    "prlimit": ("--.+|-.+=.+", ""),
    "strace": ("-[fqtTvx]+", "-[eoO]"),
    "ltrace": ("-[fStT]+", "-[eo]"),
    "unshare": ("-[munipUCTrcf]+|--[a-z-]+", ""),
    "setpriv": ("--.+", ""),
    "systemd-run": ("--.+|-[qtPGdr]+", "-[pu]"),
    "srun": ("--.+|-[a-zA-Z]\\d+", "-[a-zA-Z]"),
    "salloc": ("--.+|-[a-zA-Z]\\d+", "-[a-zA-Z]"),
    "chroot": ("--.+", ""),
    "npx": ("-y|--yes", ""),
    "uvx": ("", ""),
    "catchsegv": ("", ""),
    "valgrind": ("--.+|-q", ""),
    "numactl": ("--.+|-.+=.+", ""),
    "unbuffer": ("-p", ""),
    "firejail": ("--.+", ""),
    "proot": ("", "-[rbwR]"),
    "fakeroot": ("", ""),
    "dbus-run-session": ("", ""),
    "xvfb-run": ("-a|--auto-servernum", "-[nse]"),
}
# Of those, which take a word before the program: a mask, a priority, a folder.
PLACED = ("taskset", "chrt", "chroot")
# Those whose options may run something, which a parameter may not be; of git's commands, these.
OPTIONS_RUN = ("git", "tar", "bsdtar", "zip", "wget", "sbatch", "ansible-playbook")
GIT_RUNS = frozenset(("pull", "fetch", "clone", "ls-remote", "push", "archive", "grep", "rebase",
                      "bisect", "submodule", "remote", "config", "difftool", "mergetool",
                      "filter-branch", "-c", "--config-env", "--exec-path"))  # fmt: skip
# Tests of find that take a word.
FIND_TAKES = ("-name", "-iname", "-path", "-ipath", "-newer", "-user", "-group", "-size", "-mtime",
              "-mmin", "-maxdepth", "-mindepth", "-type", "-perm")  # fmt: skip
# Those that expand the variables of their environment in texts that a shell gets.
EXPANDING = frozenset(("make", "gmake"))
# Options after which a program or a command is said.
RUNNING = re.compile(
    r"--?(exec|command|cmd|rsh|eval|wrap|extra-vars|use-askpass|unzip-command|expression|checkpoint-action|to-command|upload-pack"
    r"|receive-pack|use-compress-program|rcfile|init-file|rsync-path|ssh-command)(=.*)?"
)
NUMBER = re.compile(r"[0-9.]+[smhd]?")
SSH_TAKES = re.compile(r"-[A-Za-z0-9]*[BbcDEeFIiJLlmOopQRSWw]")
# Those that run others or texts, wherever they are named.
INTERPRETERS = frozenset({*SCRIPTS, *NEVER, *TEXTS, "xargs", "ssh", "eval", "busybox"})
TESTS = frozenset(
    (
        "-b",
        "-c",
        "-d",
        "-e",
        "-f",
        "-g",
        "-h",
        "-k",
        "-p",
        "-r",
        "-s",
        "-u",
        "-w",
        "-x",
        "-G",
        "-L",
        "-N",
        "-O",
        "-S",
        "-z",
        "-n",
    )
)
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
    r"|RSYNC_\w+|OLDPWD|PWD|auto_resume|histchars"
)
