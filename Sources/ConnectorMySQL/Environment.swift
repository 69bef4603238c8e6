internal import Glibc

/// The variables by which libmariadb would load other code than its own, or reach another server
/// where nothing is given. Files of options are read only on request.
enum MySQLEnvironment {
    private static let names = [
        "LIBMYSQL_PLUGINS", "LIBMYSQL_PLUGIN_DIR", "LIBMYSQL_ENABLE_CLEARTEXT_PLUGIN",
        "MARIADB_PLUGIN_DIR", "MARIADB_TLS_DISABLE_PEER_VERIFICATION", "MYSQL_HOST", "MYSQL_PWD",
        "MYSQL_TCP_PORT", "MYSQL_UNIX_PORT", "MARIADB_UNIX_PORT", "MYSQL_HOME", "MARIADB_HOME",
    ]

    /// Once, before the first connection: the composition root asks for it while there is one
    /// thread, since the environment has no lock.
    static let isCleared: Void = {
        for name in names where getenv(name) != nil { unsetenv(name) }
    }()
}
