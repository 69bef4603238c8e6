import DocumentationTesting
import EventJSON
import Foundation
import KindTesting
import SQLTemplate
import SegmentModel

extension DocumentedExample {
    /// What the kind makes of it: the SQL, or where it is refused and why.
    func outcome(_ kind: ConnectorKind, _ sample: DocumentedSample) throws -> String {
        let compiled = TemplateCompiler(dialect: SQLDialect(try rules(kind)))
            .compile(source, query: query, mode: mode)
        guard let template = compiled.template else {
            return compiled.diagnostics.filter { $0.severity == .error }
                .map { "\($0.line):\($0.column): \($0.rule): \($0.message)" }
                .joined(separator: "\n")
        }
        let rowCount = mode == .individual ? 1 : sample.profiles.count
        let rows = sample.rows(template, query.hasBatch ? rowCount : 0)
        var output: [UInt8] = []
        do {
            try template.render(rows, sample.scope, into: &output)
        } catch {
            return "row \(error.row.map(String.init) ?? "-"): \(error.message)"
        }
        return String(decoding: output, as: UTF8.self)
    }
}

/// The batch that a page's examples are rendered for: its blocks `json sample`, an object of what
/// the query knows beside the profiles, and `ndjson sample`, events whose profiles are the batch.
struct DocumentedSample {
    typealias Profile = [ExactText: FieldValue]

    private struct Scope: Decodable {
        let segment_id: Int64
        let segment_name: String
        let event_time: String
        let position: UInt64
        let delivery_id: String
        let integration_name: String
    }

    private struct Missing: Error {}

    let scope: RenderScope
    let profiles: [Profile]

    init(page: String) throws {
        let blocks = try FencedBlock.blocks(of: page)
        guard let object = blocks.first(where: { $0.words == ["json", "sample"] }),
            let events = blocks.first(where: { $0.words == ["ndjson", "sample"] })
        else { throw Missing() }
        let read = try JSONDecoder().decode(Scope.self, from: Data(object.text.utf8))
        guard let time = Timestamp(rfc3339: read.event_time) else { throw Missing() }
        scope = RenderScope(
            segmentID: SegmentID(read.segment_id), segmentName: read.segment_name,
            integrationName: read.integration_name, eventTime: time,
            position: Position(read.position), deliveryID: read.delivery_id)
        var batch = EventBatch()
        var parser = EventParser(clock: time)
        for (index, line) in events.text.split(separator: "\n").enumerated() {
            try Array(line.utf8).withUnsafeBytes { bytes in
                try parser.parseLine(bytes, number: index + 1, into: &batch)
            }
        }
        profiles = batch.profiles.map { profile in
            var values: Profile = ["id": .text(batch.string(profile.id))]
            let first = Int(profile.firstField)
            for field in batch.fields[first..<first + Int(profile.fieldCount)] {
                values[batch.string(field.name)] = FieldValue(
                    kind: field.kind, bytes: batch.bytes[field.value.range])
            }
            return values
        }
    }

    func rows(_ template: CompiledTemplate, _ count: Int) -> RenderRows {
        RenderRows(profiles.prefix(count), for: template)
    }
}
