internal import SegmentModel

/// Where the database file is, from a URL of one of these forms: a bare path, `sqlite:PATH`,
/// `sqlite:///PATH`, `file:PATH`, `file:///PATH`. The path is taken as it stands, without decoding.
struct SQLiteConfiguration: Hashable, Sendable {
    let path: String
    let statementTimeoutMilliseconds: Int

    init(_ definition: ConnectorDefinition) throws(Failure) {
        statementTimeoutMilliseconds = definition.statementTimeoutMilliseconds
        var rest = Substring(definition.url)
        for scheme in ["sqlite:", "file:"] where rest.hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            if rest.hasPrefix("//") {
                rest = rest.dropFirst(2).hasPrefix("/") ? rest.dropFirst(2) : ""
            }
            if rest.contains("?") { rest = "" }
            break
        }
        guard !rest.isEmpty, rest != ":memory:", !rest.contains("\0") else {
            throw Failure(
                .configurationInvalid,
                "the URL of connector \(definition.name) does not name a SQLite database file",
                hint: "write a path, for example sqlite:///var/lib/crm.sqlite")
        }
        path = String(rest)
    }

    /// The directory that must be there before SQLite can create the file.
    var directory: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
