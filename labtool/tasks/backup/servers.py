"""The database servers that a config's sets name."""

from typing import Literal

from labtool.core.config import Config
from labtool.services.databases import Server
from labtool.tasks.backup.section import Backup, Mysql, Postgresql

Purpose = Literal["save", "restore", "drill"]


def server(options: Mysql | Postgresql, config: Config, *, purpose: Purpose = "save") -> Server:
    """The server of a database, as the account for a purpose: that which is named for it, or for
    what needs less."""
    sole = False
    if isinstance(options, Mysql):
        from labtool.services.databases.mysql import MySql

        file = options.option_file
        if purpose != "save":
            file = options.restore_option_file or file
        if purpose == "drill":
            sole, file = bool(options.drill_option_file), options.drill_option_file or file
        return MySql(config.resolve(file) if file else None, sole=sole)
    from labtool.services.databases.postgresql import PostgreSql

    user = options.user
    if purpose != "save":
        user = options.restore_user or user
    if purpose == "drill":
        sole, user = bool(options.drill_user), options.drill_user or user
    passfile = config.resolve(options.passfile) if options.passfile else None
    return PostgreSql(options.host, options.port, user, passfile, sole=sole)


def server_of_set(
    section: Backup, set_: str, kind: str, config: Config, *, purpose: Purpose
) -> Server | None:
    """The server that a set names now for a kind of dump, if it does."""
    options = section.sets.get(set_)
    kinds = {"mysql": options.mysql, "postgresql": options.postgresql} if options else {}
    named = kinds.get(kind)
    return server(named, config, purpose=purpose) if named else None
