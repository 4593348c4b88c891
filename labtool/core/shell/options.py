"""What is known of options, and of words, by which programs run something: for places.py."""

# Those whose options may run something, which a parameter may not be; options whose text they
# evaluate.
TEX = ("tex", "pdftex", "latex", "pdflatex", "xelatex", "lualatex", "latexmk")
OPTIONS_RUN = (*TEX, "tar", "bsdtar", "zip", "wget", "ansible-playbook", "sort", "split", "rg",
               "fd", "fdfind", "ag", "ack", "hg", "svn", "yt-dlp", "youtube-dl", "aria2c", "mail",
               "mailx", "man", "cpio", "tcpdump", "rclone", "restic", "borg", "exiftool", "sox",
               "convert", "magick", "mogrify", "identify", "montage", "composite")  # fmt: skip
EVALUATED = {
    "split": "--filter",
    "sort": "--compress-prog|--files0",
    "rg": "--(pre|hostname-bin)",
    "man": "-[PH]|--(pager|html)",
    "tcpdump": "-z",
    "mail": "-E",
    **dict.fromkeys(TEX, r"[^\n]*\\|-(pdf)?(la)?tex=|-e$"),
    "ansible-playbook": "-e|--extra-vars",
    "exiftool": r"-(if\d*|p|printFormat|config|api|execute)$|-[\w:*]+[-+^]?<",
}
# Options of those that take the word after them, which is then none.
VALUES = {
    **dict.fromkeys(TEX, ("-jobname",)),
    "ansible-playbook": ("-l", "--limit", "-t", "--tags", "--skip-tags"),
    **dict.fromkeys(("mail", "mailx"), ("-s", "-r", "-c", "-b")),
    "rg": ("-e", "-g", "-t"), "sort": ("-k", "-t"), "hg": ("-r", "-m", "-u"),
    **dict.fromkeys(("convert", "magick", "mogrify"), ("-resize", "-quality", "-density")),
}  # fmt: skip
# Those that run what a file says that they are told of; of some, with one of these words.
READING = {
    **dict.fromkeys(("snakemake", "nextflow", "ansible-playbook", "cwltool"), ()),
    **dict.fromkeys(("kubectl", "oc"), ("apply", "create", "replace")),
    **dict.fromkeys(("docker", "podman"), ("build", "stack", "play")),
}
# Words after which these take others for a text: of a language, or of a shell, here or elsewhere.
TOLD_AFTER = {
    **dict.fromkeys(("manage.py", "django-admin"), ("shell", "shell_plus", "dbshell")),
    "artisan": ("tinker",), "rails": ("runner", "r"), "flask": ("shell",),
    "wp": ("eval", "shell", "db", "--exec"), "datalad": ("run", "containers-run"),
    "drush": ("ev", "eval", "php:eval", "php-eval", "sqlq", "sql:query", "sql-query"),
    **dict.fromkeys(("fab", "fab2"), ("--",)), "dvc": ("run", "stage"), "az": ("invoke",),
    "aws": ("send-command", "execute-command"),
}  # fmt: skip
