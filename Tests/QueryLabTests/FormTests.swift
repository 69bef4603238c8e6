import KindTesting
import SQLTemplate
import SegmentModel
import Testing

/// What a query brings along from another database is found when it is saved, not when it first
/// runs.
@Suite("A form of SQL that a database does not have is found without the database")
struct FormTests {
    private static func findings(
        _ kind: ConnectorKind, _ query: QueryKind, _ sql: String
    ) -> [TemplateDiagnostic] {
        TemplateCompiler(dialect: SQLDialect(kind))
            .compile(sql, for: QueryUse(query, batch: .batch(size: 1000))).diagnostics
            .filter { $0.rule == "dialect" }
    }

    @Test("Every form has a sample, every row of a list a source, a sentence and a hint")
    func whole() {
        #expect(Set(FormSample.all.map(\.form)) == Set(SQLForm.allCases))
        for kind in ConnectorKind.allCases {
            let lacks = SQLDialect(kind).lacks
            #expect(Set(lacks.map(\.form)).count == lacks.count, "\(kind) has a form twice")
            for lack in lacks {
                #expect(lack.source.hasPrefix("https://"), "\(kind) \(lack.form)")
                #expect(!lack.message.hasSuffix("."), "\(kind) \(lack.form)")
                #expect(!lack.hint.isEmpty && !lack.hint.hasSuffix("."), "\(kind) \(lack.form)")
            }
        }
    }

    @Test(
        "Each form is found where a kind's list has it, and nowhere else", arguments: FormSample.all
    )
    func samples(_ sample: FormSample) {
        for kind in ConnectorKind.allCases {
            let messages = Self.findings(kind, sample.query, sample.sql).map(\.message)
            let lack = SQLDialect(kind).lacks.first { $0.form == sample.form }
            // SQLite's compiler meets the two colons earlier, as a parameter.
            if kind == .sqlite, sample.form == .castOperator { continue }
            if let lack {
                #expect(messages.contains(lack.message), "\(kind): \(sample.sql)")
            } else {
                let strange = messages.filter { message in
                    SQLDialect(kind).lacks.contains {
                        $0.message == message && $0.form == sample.form
                    }
                }
                #expect(strange.isEmpty, "\(kind): \(sample.sql)")
            }
        }
    }

    @Test(
        "What only looks like such a form is let through", arguments: FormSample.nearMisses.indices)
    func nearMisses(_ index: Int) {
        let (kind, query, sql) = FormSample.nearMisses[index]
        let compiled = TemplateCompiler(dialect: SQLDialect(kind))
            .compile(sql, for: QueryUse(query, batch: .batch(size: 1000)))
        #expect(compiled.template != nil, "\(kind): \(sql): \(compiled.diagnostics)")
        #expect(Self.findings(kind, query, sql).filter { $0.severity != .note }.isEmpty)
    }

    @Test("More rows behind VALUES than SQL Server takes are refused by the batch's size")
    func rows() {
        let sql = "INSERT INTO m (s) VALUES {for $l = $batch}({$l.id}){autocomma}{end}"
        for (kind, size, isRefused) in [
            (ConnectorKind.mssql, 1000, false), (.mssql, 1001, true), (.postgresql, 5000, false),
        ] {
            let found = TemplateCompiler(dialect: SQLDialect(kind))
                .compile(sql, for: QueryUse(.addProfiles, batch: .batch(size: size))).diagnostics
            let refused = found.filter { $0.rule == "dialect" && $0.severity == .error }
            #expect(!refused.isEmpty == isRefused, "\(kind) \(size): \(found)")
            #expect(!isRefused || refused.first?.hint?.contains("size: 1000") == true)
        }
    }

    @Test("A query that names no segment is warned of, unless its scope is one segment")
    func segment() {
        for (query, sql, isWarned) in [
            (QueryKind.removeProfiles, "DELETE FROM m WHERE c IN ({batch_in \"c\"})", true),
            (.removeProfiles, "DELETE FROM m_{segment_id} WHERE c IN ({batch_in \"c\"})", false),
            (.clearSegment, "DELETE FROM m", true), (.clearSegment, "TRUNCATE TABLE m", true),
            (.clearSegment, "TRUNCATE TABLE m_{segment_id}", false),
            (.clearSegment, "DELETE FROM m WHERE n = '{segment_name}'", false),
            (.clearSegment, "DELETE FROM m WHERE s = {segment_id}; DELETE FROM u", true),
            (.clearSegment, "DELETE FROM u; DELETE FROM m WHERE s = {segment_id}", true),
            (
                .clearSegment, "{if segment_id == 4}DELETE FROM four{else}DELETE FROM five{end}",
                false
            ),
            (.clearSegment, "DELETE FROM m WHERE s = 1 AND p < {position}", true),
            (.deleteSegment, "UPDATE m SET gone = true WHERE c > 1", true),
            (
                .removeProfiles,
                "UPDATE m SET s = array_remove(s, {segment_id}) WHERE c IN ({batch_in \"c\"})",
                false
            ),
            (.members, "SELECT c FROM m", true),
            (.members, "SELECT {segment_id}, c FROM m", true),
            (.members, "SELECT c FROM m WHERE s = {segment_id}", false),
            (.members, "SELECT * FROM members({segment_id})", false),
        ] {
            for coversOneSegment in [false, true] {
                let use = QueryUse(
                    query, batch: .batch(size: 10), coversOneSegment: coversOneSegment)
                let found = TemplateCompiler(dialect: SQLDialect(.postgresql))
                    .compile(sql, for: use).diagnostics.filter { $0.rule == "segment" }
                #expect(!found.isEmpty == (isWarned && !coversOneSegment), "\(sql): \(found)")
            }
        }
    }
}
