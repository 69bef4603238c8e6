internal import Connector

/// Where a PostgreSQL server is: `postgresql://user@host:port/database`.
enum PostgresAddress {
    /// The port where the URL names none.
    static let port: UInt16 = 5432

    private static let place =
        "write it as user@host:port/database; the directory of a socket "
        + "stands for the host, as %2Frun%2Fpostgresql"
    private static let tls = "write tls: { mode: verify-full, ca_file: PATH } into the connector"
    private static let login =
        "leave it out: the URL and the keys of the connector are all that "
        + "counts"

    /// What libpq takes as a parameter, where it is not refused as unknown:
    /// https://www.postgresql.org/docs/current/libpq-connect.html.
    static let form = ServerURL.Form(
        schemes: ["postgresql", "postgres"], hasSockets: true,
        fileParameters: ["sslcert", "sslkey"],
        hints: [
            "host": place, "hostaddr": place, "port": place, "user": place, "dbname": place,
            "sslmode": tls, "sslrootcert": tls, "requiressl": tls, "ssl": tls,
            "connect_timeout": "write connect_timeout: 10s into the connector",
            "options": "set it for the user, by ALTER ROLE … SET …",
            "application_name": "leave it out: every session is named segledger",
            "service": login, "servicefile": login, "target_session_attrs": login,
        ])
}
