internal import CMariaDB
internal import Connector
internal import SegmentModel

/// Options of libmariadb: https://mariadb.com/kb/en/mysql_optionsv/
///
/// The library answers whatever way to log in the server asks for, and where the server's greeting
/// offers no TLS it goes on without, whatever the mode. So the options begin as those of a
/// connection that must not trust the server with anything, and `setTransport` widens them by what
/// the greeting says, before the library reads it.
enum MySQLOptions {
    /// Before the first handle: the library's own start is not safe on two threads.
    static let startLibrary: Void = {
        MySQLEnvironment.isCleared
        let status = mysql_server_init(0, nil, nil)
        precondition(status == 0, "libmariadb does not start")
    }()

    /// What answers with a hash of the password and the server's scramble.
    private static let hashing = "mysql_native_password,client_ed25519"
    /// What sends the password itself: inside TLS as it is, else encrypted to a key of the
    /// server's that nobody checks. The one that asks a terminal is never among them.
    private static let encrypting = ",caching_sha2_password,sha256_password"
    private static let clear = ",mysql_clear_password"

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
        // Of what is read; what is sent has the server's limit.
        var byteCountMax = CUnsignedLong(AnswerLimits.rowByteCountMax)
        mysql_options(handle, MYSQL_OPT_MAX_ALLOWED_PACKET, &byteCountMax)
        mysql_options(handle, MARIADB_OPT_RESTRICTED_AUTH, hashing)
        // With this the library itself refuses a server that offers no TLS.
        setVerified(configuration.needsTLS, on: handle)
    }

    /// What is allowed on a connection whose server offers TLS, or does not.
    ///
    /// With `MYSQL_OPT_SSL_ENFORCE` libmariadb takes TLS where it is offered, and gives up where
    /// the handshake fails. It checks the authority in the handshake where a file is given, and the
    /// name as well with `MYSQL_OPT_SSL_VERIFY_SERVER_CERT`; nothing of the login is sent before.
    static func setTransport(
        _ configuration: MySQLConfiguration, offersTLS: Bool,
        on handle: UnsafeMutablePointer<MYSQL>
    ) {
        let hasTLS = offersTLS && configuration.tls != .disable
        var isWanted: my_bool = hasTLS ? 1 : 0
        mysql_options(handle, MYSQL_OPT_SSL_ENFORCE, &isWanted)
        let isNameVerified = hasTLS && configuration.tls == .verifyFull
        setVerified(isNameVerified, on: handle)
        if hasTLS, let file = configuration.tlsAuthorityFile {
            mysql_options(handle, MYSQL_OPT_SSL_CA, file)
        }
        var plugins = hashing
        if hasTLS || configuration.allowsCleartext { plugins += encrypting }
        if isNameVerified || configuration.allowsCleartext { plugins += clear }
        mysql_options(handle, MARIADB_OPT_RESTRICTED_AUTH, plugins)
    }

    private static func setVerified(_ isVerified: Bool, on handle: UnsafeMutablePointer<MYSQL>) {
        var isVerified: my_bool = isVerified ? 1 : 0
        mysql_options(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &isVerified)
    }
}
