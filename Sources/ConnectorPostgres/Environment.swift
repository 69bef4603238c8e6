internal import CLibPQ
internal import Glibc

/// The variables by which libpq would change a connection behind the configuration's back.
///
/// libpq reads most of them for a parameter that is not given, and an empty parameter counts as not
/// given: `PGHOSTADDR` and `PGSERVICE` name another server. So they are taken out of the process.
enum PostgresEnvironment {
    /// Those that stand for no parameter:
    /// https://www.postgresql.org/docs/current/libpq-envars.html
    private static let others = [
        "PGSERVICE", "PGSERVICEFILE", "PGSYSCONFDIR", "PGDATESTYLE", "PGTZ", "PGGEQO",
    ]

    /// Once, before the first connection: the composition root asks for it while there is one
    /// thread, since the environment has no lock.
    static let isCleared: Void = {
        for name in others { clear(name) }
        guard let options = PQconndefaults() else { preconditionFailure("libpq has no parameters") }
        defer { PQconninfoFree(options) }
        var option = options
        while option.pointee.keyword != nil {
            if let name = option.pointee.envvar { clear(String(cString: name)) }
            option += 1
        }
    }()

    private static func clear(_ name: String) {
        if getenv(name) != nil { unsetenv(name) }
    }
}
