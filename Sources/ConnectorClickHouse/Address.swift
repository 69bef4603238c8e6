internal import Connector

/// Where a ClickHouse server's HTTP interface is: `clickhouse://user@host:port/database`, or
/// `http://…`; `clickhouses://` and `https://` with TLS.
enum ClickHouseAddress {
    static let form = ServerURL.Form(
        schemes: ["clickhouse", "clickhouses", "http", "https"],
        hints: [
            "user": login, "database": login,
            "secure": "write clickhouses:// for TLS",
        ])

    private static let login = "write it as user@host:port/database"

    static func hasTLS(_ url: ServerURL) -> Bool { ["clickhouses", "https"].contains(url.scheme) }

    /// The port where the URL names none.
    static func port(hasTLS: Bool) -> UInt16 { hasTLS ? 8443 : 8123 }
}
