package import SegmentModel

/// The url of a connector over ODBC: `odbc:` and a connection string, `keyword=value;…`.
///
/// Source: [MS-ODBCSTR]. A value that holds one of `[]{}(),;?*=!@`, or begins or ends with a space,
/// stands in braces, in which a closing brace is doubled.
///
/// Invariant: it holds known keywords and values of their forms, and so no secret (INV-10): it may
/// stand in the ledger and in listings.
package struct ODBCConnectionString: Hashable, Sendable {
    package typealias Problem = ConnectorAddress.Fault

    /// A keyword as written, and its value without braces.
    private struct Pair: Hashable {
        let keyword: String
        let value: String
    }

    static let hint = "write odbc: and an ODBC connection string"

    package static let scheme = "odbc:"
    private static let example =
        "write odbc:Driver={ODBC Driver 18 for SQL Server};Server=db,1433;Database=crm;UID=sync"

    private var pairs: [Pair]

    /// - Parameter keywords: those that the kind of database takes, in small letters.
    package init(
        parsing url: String, keywords: [String: ODBCKeyword]
    ) throws(Problem) {
        guard url.hasPrefix(Self.scheme) else {
            throw Problem("must start with \(Self.scheme)", hint: Self.example)
        }
        pairs = []
        var rest = url.dropFirst(Self.scheme.count)
        while !rest.isEmpty {
            let part = rest.prefix { $0 != ";" }
            if part.allSatisfy({ $0 == " " }) {
                rest = rest.dropFirst(part.count + 1)
                continue
            }
            guard let sign = part.firstIndex(of: "=") else { throw Self.notPairs }
            let keyword = Self.trimmed(rest[..<sign])
            guard !keyword.isEmpty, !keyword.contains(where: { "{}[]".contains($0) }) else {
                throw Self.notPairs
            }
            rest = rest[rest.index(after: sign)...]
            pairs.append(Pair(keyword: keyword, value: try Self.takeValue(&rest)))
        }
        try check(keywords)
    }

    private static let notPairs = Problem(
        "is no ODBC connection string (keyword=value;keyword=value)", hint: example)

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    /// The value in front of `rest`, with the semicolon behind it.
    private static func takeValue(_ rest: inout Substring) throws(Problem) -> String {
        let start = rest.drop { $0 == " " }
        guard start.first == "{" else {
            let value = rest.prefix { $0 != ";" }
            rest = rest.dropFirst(value.count + 1)
            return trimmed(value)
        }
        rest = start.dropFirst()
        var value = ""
        while let character = rest.popFirst() {
            guard character == "}" else {
                value.append(character)
                continue
            }
            guard rest.first == "}" else {
                let gap = rest.prefix { $0 == " " }
                rest = rest.dropFirst(gap.count)
                guard rest.popFirst() ?? ";" == ";" else { throw notPairs }
                return value
            }
            rest.removeFirst()
            value.append("}")
        }
        throw Problem(
            "has a value whose closing brace is missing",
            hint: "close the value with }, and write a } inside of it as }}")
    }

    private func check(_ known: [String: ODBCKeyword]) throws(Problem) {
        let isPlain = pairs.allSatisfy { pair in
            (pair.keyword + pair.value).unicodeScalars.allSatisfy { $0.value >= 0x20 }
        }
        guard isPlain else { throw Self.notPairs }
        let keywords = pairs.map { $0.keyword.lowercased() }
        guard !keywords.contains(where: ConnectorAddress.isSecret) else {
            throw Problem(
                "holds a password or another secret",
                hint: "take it out of the url and name its source, for example "
                    + "password: { env: CRM_PASSWORD }")
        }
        guard !keywords.contains(where: ["filedsn", "savefile"].contains) else {
            throw Problem(
                "names a file of connection strings",
                hint: "take out FILEDSN and SAVEFILE; name the driver, or a DSN of odbc.ini")
        }
        guard keywords.allSatisfy({ known[$0] != nil }) else {
            throw Problem(
                "has a keyword that a connector does not take",
                hint: "take it out, or set it in a data source of odbc.ini and name that one as "
                    + "DSN=name")
        }
        for (keyword, pair) in zip(keywords, pairs) where !pair.value.isEmpty {
            if let form = known[keyword], !form.takes(pair.value) {
                throw Problem("has a value of \(keyword) that cannot be one", hint: form.hint)
            }
        }
        guard Set(keywords).count == keywords.count else {
            throw Problem(
                "gives a keyword twice", hint: "keep one: drivers differ in which counts")
        }
        guard value(of: "driver") != nil || value(of: "dsn") != nil else {
            throw Problem("names neither a Driver nor a DSN", hint: Self.example)
        }
    }

    /// The value of a keyword, whose case does not matter; nil if it is not given, or empty.
    package func value(of keyword: String) -> String? {
        let pair = pairs.first { $0.keyword.lowercased() == keyword.lowercased() }
        return pair.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    var address: ConnectorAddress { ConnectorAddress(url: Self.scheme + text(adding: [])) }

    /// The connection string with more keywords, which stand behind those that are there.
    package func text(adding more: [(keyword: String, value: String)]) -> String {
        (pairs + more.map { Pair(keyword: $0.keyword, value: $0.value) })
            .map { "\($0.keyword)=\(Self.quoted($0.value))" }.joined(separator: ";")
    }

    /// The value as it stands behind the sign.
    package static func quoted(_ value: String) -> String {
        let needsBraces =
            value.hasPrefix(" ") || value.hasSuffix(" ")
            || value.contains { "[]{}(),;?*=!@".contains($0) }
        guard needsBraces else { return value }
        return "{" + value.replacing("}", with: "}}") + "}"
    }
}
