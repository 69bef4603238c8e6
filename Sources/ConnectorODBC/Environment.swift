internal import CODBC
internal import Connector
internal import Glibc

/// The driver manager's environment of this process.
///
/// unixODBC guards its own structures with mutexes, and since 2.3.1 lets calls of different
/// connections, and `SQLCancel` beside a call of the same statement, through to the driver at the
/// same time (`Threading = 0` of odbcinst.ini). A driver set to 3 there runs one call at a time in
/// the whole process, and cannot be cancelled.
enum ODBCEnvironment {
    struct Handle: @unchecked Sendable {  // made once, then only given to SQLAllocHandle
        let raw: SQLHENV
    }

    /// FreeTDS's: another server or version of the protocol than the url names, or a file that the
    /// log-in is written to. Which driver a name stands for is unixODBC's own matter.
    private static let redirections = [
        "TDSHOST", "TDSPORT", "TDSQUERY", "DSQUERY", "TDSVER", "TDSDUMP", "TDSDUMPCONFIG",
    ]

    /// Once, before the first connection: the composition root asks for it while there is one
    /// thread, since the environment has no lock.
    static let isCleared: Void = {
        for name in redirections where getenv(name) != nil { unsetenv(name) }
    }()

    static let shared: Handle? = {
        isCleared
        var handle: SQLHANDLE?
        guard SQLAllocHandle(SQLSMALLINT(SQL_HANDLE_ENV), nil, &handle) == SQL_SUCCESS,
            let handle
        else { return nil }
        let version = SQLPOINTER(bitPattern: UInt(SQL_OV_ODBC3))
        guard SQLSetEnvAttr(handle, SQL_ATTR_ODBC_VERSION, version, 0) == SQL_SUCCESS else {
            return nil
        }
        return Handle(raw: handle)
    }()
}

/// Whether a call did what it should; what it has to say beside that does not matter.
func isSuccess(_ code: SQLRETURN) -> Bool {
    code == SQL_SUCCESS || code == SQL_SUCCESS_WITH_INFO
}
