internal import Connector
internal import SQLTemplate
internal import SegmentModel

/// Reads back what the queries of an integration leave of one segment.
///
/// Where a transaction cannot take everything back (an engine without transactions, a TRUNCATE that
/// commits by itself), the session gets empty copies of the tables under the same names: temporary
/// tables of MySQL hide the real ones, and go with the session.
struct LabTables {
    private struct Table {
        let name: String
        /// As the queries write it, and the column that holds the segment's number.
        let written: String
        let column: String
        /// What is compared, as a list for SELECT: all that the queries write but times.
        let compared: String
        /// The columns of times; nil: there are none.
        let times: String?

        func question(_ list: String, _ segment: SegmentID) -> [UInt8] {
            Array("SELECT \(list) FROM \(written) WHERE \(column) = \(segment)".utf8)
        }
    }

    private let tables: [Table]
    /// The session works on copies of its own.
    let isScratch: Bool

    /// - Throws: `templateInvalid` where the lab cannot work with these tables; `TargetFailure`.
    init(
        _ queries: CompiledQueries, _ catalog: any TableCatalog, _ session: any TargetSession
    ) async throws {
        let statements = queries.templates.values.flatMap(\.statements)
            .filter { !$0.table.isEmpty && $0.verb != "SELECT" }
        var tables: [String: Table] = [:]
        var needsScratch = queries.templates.keys.contains { queries.truncates($0) }
        for (name, group) in Dictionary(grouping: statements, by: Self.name) {
            guard let description = try await catalog.describe(group[0].table, in: session) else {
                continue
            }
            if !description.isTransactional { needsScratch = true }
            guard let column = group.lazy.compactMap(\.segmentColumn).first else {
                throw Failure(
                    .templateInvalid,
                    "the lab cannot tell which column of \(name) holds the segment's number",
                    hint: "insert or compare it as {segment_id}, without quotes")
            }
            let inserted = group.flatMap(\.insertedColumns)
            let shown = description.columns.filter { known in
                inserted.isEmpty || inserted.contains { catalog.isSame($0, known.name) }
            }
            let dialect = queries.dialect
            func list(_ columns: [TableDescription.Column]) -> String? {
                columns.isEmpty
                    ? nil : columns.map { dialect.quoted($0.name) }.joined(separator: ", ")
            }
            func written(_ name: QueryStatement.Name) -> String {
                name.isQuoted ? dialect.quoted(name.text) : name.text
            }
            tables[name] = Table(
                name: name, written: group[0].table.map(written).joined(separator: "."),
                column: written(column), compared: list(shown.filter { !$0.isTime }) ?? "1",
                times: list(shown.filter(\.isTime)))
        }
        self.tables = tables.values.sorted { $0.name < $1.name }
        isScratch = needsScratch
        if isScratch { try await hide(session) }
    }

    /// Puts an empty copy before each table.
    private func hide(_ session: any TargetSession) async throws {
        for (number, table) in tables.enumerated() {
            let copy = "segledger_lab_\(number)"
            for sql in [
                "CREATE TEMPORARY TABLE \(copy) LIKE \(table.written)",
                "ALTER TABLE \(copy) RENAME TO \(table.written)",
            ] {
                _ = try await session.execute(Array(sql.utf8))
            }
        }
    }

    /// Empties the copies, each after a look whether it still hides the real table.
    func empty(_ session: any TargetSession) async throws {
        for table in tables {
            let rows = try await session.query(Array("SHOW CREATE TABLE \(table.written)".utf8))
            guard rows.first?.last??.hasPrefix("CREATE TEMPORARY TABLE") == true else {
                throw Failure(
                    .templateInvalid, "a query took the lab's copy of \(table.name) away",
                    hint: "try the queries one by one on a test database")
            }
            _ = try await session.execute(Array("DELETE FROM \(table.written)".utf8))
        }
    }

    private static func name(_ statement: QueryStatement) -> String {
        statement.table.map(\.text).joined(separator: ".").lowercased()
    }

    /// The rows of a segment in all tables, in an order of their own.
    func read(_ segment: SegmentID, _ session: any TargetSession) async throws -> [LabRow] {
        var rows: [LabRow] = []
        for table in tables {
            rows += try await session.query(table.question(table.compared, segment)).map {
                LabRow(table: table.name, values: $0)
            }
        }
        return rows.sorted()
    }

    /// The times in the rows of a segment, which `read` leaves out.
    func readTimes(_ segment: SegmentID, _ session: any TargetSession) async throws -> [LabRow] {
        var rows: [LabRow] = []
        for table in tables {
            guard let times = table.times else { continue }
            rows += try await session.query(table.question(times, segment)).map {
                LabRow(table: table.name, values: $0)
            }
        }
        return rows.sorted()
    }
}

struct LabRow: Hashable, Comparable {
    let table: String
    let values: [String?]

    static func < (left: LabRow, right: LabRow) -> Bool {
        if left.table != right.table { return left.table < right.table }
        for (first, second) in zip(left.values, right.values) where first != second {
            return (first ?? "") < (second ?? "")
        }
        return false
    }
}
