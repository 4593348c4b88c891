"""The database servers that a config's sets name."""

from labtool.core.config import Config
from labtool.services.databases import Server
from labtool.tasks.backup.section import Mysql, Postgresql


def server(options: Mysql | Postgresql, config: Config, *, to_write: bool = False) -> Server:
    """The server of a database, as the account that reads it or, `to_write`, restores it."""
    if isinstance(options, Mysql):
        from labtool.services.databases.mysql import MySql

        file = (to_write and options.restore_option_file) or options.option_file
        return MySql(config.resolve(file) if file else None)
    from labtool.services.databases.postgresql import PostgreSql

    return PostgreSql(
        options.host,
        options.port,
        (to_write and options.restore_user) or options.user,
        config.resolve(options.passfile) if options.passfile else None,
    )
