import Foundation
import KindTesting
import SQLTemplate
import SegmentModel
import Testing

/// Whoever does what a hint says gets a query that is right.
@Suite("A hint that is obeyed works", .serialized)
struct ObeyedHintTests {
    private static func compile(
        _ sql: String, _ kind: ConnectorKind, _ use: QueryUse
    ) -> (template: CompiledTemplate?, diagnostics: [TemplateDiagnostic]) {
        TemplateCompiler(dialect: SQLDialect(kind)).compile(sql, for: use)
    }

    private static func render(_ template: CompiledTemplate, _ use: QueryUse) throws -> [UInt8] {
        let scope = RenderScope(
            segmentID: SegmentID(42), segmentName: "VIP", integrationName: "crm",
            eventTime: Timestamp(rawValue: 1_773_309_600_000_000), position: Position(7),
            deliveryID: "d-1")
        let profiles = ["p1", "p2"].map {
            SampleProfile(
                id: $0,
                fields: [
                    "a": .json("{\"b\":\"1\"}"), "tags": .json("[1]"), "d": .text("2026-03-12"),
                ])
        }
        return try template.render(use.query.hasBatch ? profiles : [], scope)
    }

    @Test("The fault is gone and no other has come", arguments: ObeyedHint.all)
    func compiles(_ hint: ObeyedHint) throws {
        let found = Self.compile(hint.wrong, hint.kind, hint.wrongUse).diagnostics
        let error = found.first { $0.severity == .error }
        let fault = try #require(error ?? found.first, "\(hint.wrong) is right already")
        let obeyed = Self.compile(hint.obeyed, hint.kind, hint.obeyedUse)
        #expect(obeyed.template != nil, "\(hint.obeyed): \(obeyed.diagnostics)")
        #expect(!obeyed.diagnostics.contains { $0.message == fault.message }, "\(hint.obeyed)")
        let known = found.map(\.rule)
        let added = obeyed.diagnostics.filter { !known.contains($0.rule) && $0.severity != .note }
        #expect(added.isEmpty, "\(hint.obeyed): \(added)")
    }

    @Test("What it leads to runs on the database", arguments: FormDatabase.kinds)
    func runs(_ kind: ConnectorKind) async throws {
        let database = try await FormDatabase(kind)
        for hint in ObeyedHint.all where hint.kind == kind {
            guard let template = Self.compile(hint.obeyed, kind, hint.obeyedUse).template else {
                continue
            }
            let sql = try Self.render(template, hint.obeyedUse)
            let refusal = try await database.refusal(of: sql)
            #expect(refusal == nil, "\(kind): \(String(decoding: sql, as: UTF8.self)): \(refusal!)")
        }
        await database.close()
    }

    @Test(
        "The hints on SQL of other databases lead to SQL of this one",
        arguments: ConnectorKind.allCases)
    func forms(_ kind: ConnectorKind) async throws {
        let database = FormDatabase.kinds.contains(kind) ? try await FormDatabase(kind) : nil
        for lack in SQLDialect(kind).lacks {
            for sample in FormSample.all where sample.form == lack.form {
                for sql in sample.obeyed(kind) {
                    let use = QueryUse(sample.query, batch: .batch(size: 1000))
                    let compiled = Self.compile(sql, kind, use)
                    let template = try #require(
                        compiled.template, "\(kind) \(lack.form): \(sql): \(compiled.diagnostics)")
                    let isGone = !compiled.diagnostics.contains { $0.message == lack.message }
                    #expect(isGone || lack.form == .delete, "\(kind) \(lack.form): \(sql)")
                    guard let database else { continue }
                    let rendered = try Self.render(template, use)
                    let refusal = try await database.refusal(of: rendered)
                    #expect(refusal == nil, "\(kind) \(lack.form): \(sql): \(refusal!)")
                }
            }
        }
        await database?.close()
    }

    // MARK: None is left out

    /// Files whose sentences are not about a template: of values, for programmers, or the words
    /// and defaults of dialects (`KeyCheckTests` and the tests of the adapters have those).
    private static let otherFiles: Set<String> = [
        "CodeRules.swift", "CompiledQueries.swift", "CompiledTemplate.swift", "SQLDialect.swift",
        "SQLFormScan.swift", "Renderer.swift",
        "Renderer+Bound.swift", "Renderer+Functions.swift", "Renderer+Writing.swift",
    ]

    /// Sentences that no short query makes: those of a template of a MiB, and preconditions.
    private static let withoutSample = [
        "a template has ", " bytes at most, ", "only jumps have a target",
        "each bare value has its token",
    ]

    /// The constant parts of the sentences in the compiler's source, each of three words or more.
    private static func sentences() throws -> [(file: String, text: String)] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/SQLTemplate").standardized
        let literal = /"((?:[^"\\]|\\\((?:[^()]|\([^()]*\))*\)|\\.)*)"/
        let gap = /\\\((?:[^()]|\([^()]*\))*\)|\{…\}/
        var found: [(file: String, text: String)] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        where name.hasSuffix(".swift") && !otherFiles.contains(name) {
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            for line in text.split(separator: "\n") {
                guard !line.drop(while: { $0 == " " }).hasPrefix("//") else { continue }
                for match in line.matches(of: literal) {
                    for part in match.1.split(separator: gap) {
                        let plain = part.replacing("\\\"", with: "\"").replacing("\\\\", with: "\\")
                        guard plain.split(separator: " ").count >= 3, !plain.contains("\\(")
                        else { continue }
                        found.append((name, String(plain)))
                    }
                }
            }
        }
        return found
    }

    @Test("Every sentence of the compiler has a sample whose hint is obeyed")
    func complete() throws {
        var said = ""
        for hint in ObeyedHint.all {
            for one in Self.compile(hint.wrong, hint.kind, hint.wrongUse).diagnostics {
                said += one.message + "\n" + (one.hint ?? "") + "\n"
            }
        }
        let sentences = try Self.sentences()
        #expect(sentences.count > 100)
        for (file, text) in sentences
        where !said.contains(text) && !Self.withoutSample.contains(where: text.contains) {
            Issue.record("\(file) says \"\(text)\": add a sample to ObeyedHint")
        }
    }
}
