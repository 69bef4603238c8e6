internal import CMariaDB
internal import SegmentModel

/// Options of libmariadb: https://mariadb.com/kb/en/mysql_optionsv/
enum MySQLOptions {
    /// Before the first handle: the library's own start is not safe on two threads.
    static let startLibrary: Void = {
        let status = mysql_server_init(0, nil, nil)
        precondition(status == 0, "libmariadb does not start")
    }()

    /// Plugins that answer the server's question for the password. The one that sends it as it is
    /// comes in only behind TLS with a verified name, the one that asks a terminal never.
    private static let plugins =
        "mysql_native_password,client_ed25519,caching_sha2_password,sha256_password"

    /// Sets what every connection needs, whatever it is for.
    static func set(
        _ configuration: MySQLConfiguration, connectTimeoutMilliseconds: Int,
        on handle: UnsafeMutablePointer<MYSQL>
    ) {
        // Otherwise `localhost` is a socket in the file system, whatever the port.
        var transport = CUnsignedInt(MYSQL_PROTOCOL_TCP.rawValue)
        mysql_options(handle, MYSQL_OPT_PROTOCOL, &transport)
        var seconds = CUnsignedInt((connectTimeoutMilliseconds + 999) / 1000)
        mysql_options(handle, MYSQL_OPT_CONNECT_TIMEOUT, &seconds)
        mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4")
        // A server could ask for any file of this machine.
        var off = CUnsignedInt(0)
        mysql_options(handle, MYSQL_OPT_LOCAL_INFILE, &off)
        mysql_options4(handle, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "segledger")
        setTLS(configuration, on: handle)
    }

    /// With `MYSQL_OPT_SSL_ENFORCE` libmariadb takes TLS where the server offers it and goes on
    /// without where it does not; `MySQLConnection` refuses that after the fact. It checks the
    /// authority where a file is given, and the name as well with
    /// `MYSQL_OPT_SSL_VERIFY_SERVER_CERT`.
    private static func setTLS(
        _ configuration: MySQLConfiguration, on handle: UnsafeMutablePointer<MYSQL>
    ) {
        var isWanted: my_bool = configuration.tls == .disable ? 0 : 1
        mysql_options(handle, MYSQL_OPT_SSL_ENFORCE, &isWanted)
        var isNameVerified: my_bool = configuration.tls == .verifyFull ? 1 : 0
        mysql_options(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &isNameVerified)
        if isWanted != 0, let file = configuration.tlsAuthorityFile {
            mysql_options(handle, MYSQL_OPT_SSL_CA, file)
        }
        let clear = isNameVerified == 0 ? "" : ",mysql_clear_password"
        mysql_options(handle, MARIADB_OPT_RESTRICTED_AUTH, plugins + clear)
    }
}
