internal import SegmentModel

/// Where a SQLite database is: the path of a file, in one of these forms: a bare path,
/// `sqlite:PATH`, `sqlite:///PATH`, `file:PATH`, `file:///PATH`. The path is taken as it stands,
/// without decoding.
struct SQLiteAddress: Hashable, Sendable {
    static let hint = "write a path, for example sqlite:///var/lib/crm.db"

    let path: String

    init(parsing url: String) throws(ConnectorAddress.Fault) {
        guard !url.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw ConnectorAddress.Fault("holds a control character", hint: Self.hint)
        }
        let scheme = url.firstIndex(of: ":").map { url[..<$0] }
        var path = Substring(url)
        if scheme == "sqlite" || scheme == "file" {
            path = path.dropFirst((scheme?.count ?? 0) + 1)
            if path.hasPrefix("//") { path = path.dropFirst(2) }
            guard !url.contains("://") || path.hasPrefix("/") else { throw Self.noPath }
        } else if let scheme, !scheme.contains("/") {
            throw Self.noPath
        }
        guard !path.isEmpty, !path.hasPrefix("//"), path != ":memory:" else { throw Self.noPath }
        guard !path.contains("?"), !path.contains(";"),
            !ConnectorAddress.hidesSecret(String(path))
        else {
            throw ConnectorAddress.Fault(
                "has more behind the path of a file than a file has",
                hint: "take out what begins with ? or ;, and any password: a file has none")
        }
        guard path.hasPrefix("/") || !path.contains("@") && !path.contains(":") else {
            throw ConnectorAddress.Fault(
                "has a path in which a : or @ could mean something else",
                hint: "write the whole path, from / on")
        }
        self.path = String(path)
    }

    private static let noPath = ConnectorAddress.Fault("must be the path of a file", hint: hint)

    /// The directory that must be there before SQLite can create the file.
    var directory: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
