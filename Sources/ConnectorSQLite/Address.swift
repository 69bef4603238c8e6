internal import SegmentModel

/// Where a SQLite database is: the path of a file.
enum SQLiteAddress {
    static let hint = "write a path, for example sqlite:///var/lib/crm.db"

    /// The URL, if it is of one of the forms of `SQLiteConfiguration`.
    static func check(_ url: String) throws(ConnectorAddress.Fault) -> String {
        let scheme = url.firstIndex(of: ":").map { url[..<$0] }
        let isPath = scheme == nil || scheme?.contains("/") == true
        guard isPath || scheme == "sqlite" || scheme == "file" else {
            throw ConnectorAddress.Fault("must be the path of a file", hint: hint)
        }
        return url
    }
}
