import Connector
import KindTesting
import QueryLab
import SQLTemplate
import SegmentModel
import Testing

/// The lists of what a database does not have agree with the databases.
@Suite("What the lists say of a form is what the database says", .serialized)
struct FormServerTests {

    @Test(
        "Each sample runs where no list has it, and is refused where one calls it an error",
        arguments: FormDatabase.kinds)
    func samples(_ kind: ConnectorKind) async throws {
        let database = try await FormDatabase(kind)
        for sample in FormSample.all {
            let use = QueryUse(sample.query, batch: .batch(size: 1000))
            let found = TemplateCompiler(dialect: SQLDialect(kind))
                .compile(sample.sql, for: use).diagnostics
            let isError = found.contains { $0.severity == .error }
            let isDoubted = found.contains { $0.rule == "dialect" }
            // What no list calls an error compiles; the rest is written by hand.
            let sql = sample.sql.replacing("{segment_id}", with: "42")
                .replacing("{batch_in \"id\"}", with: "'p1'")
                .replacing(
                    "{for $l = $batch}(42, {$l.id}){autocomma}{end}", with: "(42,'a'),(42,'b')")
            let refusal = try await database.refusal(of: Array(sql.utf8))
            // What commits by itself has run.
            if let refusal, refusal.targetCode != "1568" {
                #expect(
                    isError || isDoubted, "\(kind) refuses what no list has: \(sql): \(refusal)")
            } else {
                #expect(!isError, "\(kind) runs what a list calls an error: \(sql)")
            }
        }
        await database.close()
    }

    @Test("A query is read by the database and not run", arguments: FormDatabase.kinds)
    func parsing(_ kind: ConnectorKind) async throws {
        let database = try await FormDatabase(kind)
        let check = ParseCheck(SQLDialect(kind), database.session)
        let insert =
            "INSERT INTO m (s, c, n) VALUES {for $l = $batch}({segment_id}, '{$l.c}', 'n')"
            + "{autocomma}{end}"
        for (query, sql, isRead) in [
            (QueryKind.addProfiles, insert, true),
            (
                .removeProfiles, "DELETE FROM m WHERE s = {segment_id} AND c IN ({batch_in \"c\"})",
                true
            ),
            (.clearSegment, "DELETE FROM m WHERE s = {segment_id}", true),
            (.members, "SELECT c FROM m WHERE s = {segment_id}", true),
            (.clearSegment, "DELETE FROM m WHERE s = {segment_id} AND", false),
            (.clearSegment, "DELETE m WHERE WHERE s = {segment_id}", false),
            (.members, "SELECT c c c FROM m WHERE s = {segment_id}", false),
        ] {
            let use = QueryUse(query, batch: .batch(size: 1000))
            let compiled = TemplateCompiler(dialect: SQLDialect(kind)).compile(sql, for: use)
            let template = try #require(compiled.template, "\(kind): \(sql): \(compiled)")
            let found = try await check.diagnostics(template, for: use, source: sql)
            #expect(
                found.contains { $0.severity == .error } == !isRead, "\(kind): \(sql): \(found)")
            // In the database's words, as far as they stand in the query; ClickHouse's tell of a
            // fault by what stands behind it, which may be values.
            if sql.contains("WHERE WHERE"), kind != .clickhouse {
                let message = found.first?.message ?? ""
                #expect(message.contains("near") || message.contains("line"), "\(kind): \(message)")
            }
        }
        #expect(try await database.session.query(Array("SELECT count(*) FROM m".utf8)) == [["0"]])
        await database.close()
    }
}
