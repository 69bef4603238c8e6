import Foundation
import SQLTemplate
import SegmentModel
import Testing

typealias Profile = (id: String, fields: [String: FieldValue])

let sampleScope = RenderScope(
    segmentID: SegmentID(42), segmentName: "VIP's", integrationName: "crm",
    eventTime: Timestamp(rawValue: 1_773_309_600_000_000), position: Position(7),
    deliveryID: "d-1")

struct Compiled {
    let template: CompiledTemplate?
    let diagnostics: [TemplateDiagnostic]

    var errors: [TemplateDiagnostic] { diagnostics.filter { $0.severity == .error } }
}

func compile(
    _ source: String, _ kind: ConnectorKind = .postgresql, query: QueryKind = .addProfiles,
    mode: TemplateMode = .batch
) -> Compiled {
    let result = TemplateCompiler(dialect: SQLDialect(kind)).compile(
        source, query: query, mode: mode)
    return Compiled(template: result.template, diagnostics: result.diagnostics)
}

func rows(for template: CompiledTemplate, _ profiles: [Profile]) -> RenderRows {
    var rows = RenderRows(slotCount: template.fieldNames.count)
    rows.rowCount = profiles.count
    for profile in profiles {
        for (slot, name) in template.fieldNames.enumerated() {
            let value = slot == template.profileIDSlot ? .text(profile.id) : profile.fields[name]
            guard let value else {
                rows.values.append(RenderRows.Value())
                continue
            }
            let offset = UInt32(rows.bytes.count)
            rows.bytes += Array(value.bytes)
            let slice = EventBatch.Slice(offset: offset, count: UInt32(value.bytes.count))
            rows.values.append(RenderRows.Value(kind: value.kind, bytes: slice))
        }
    }
    return rows
}

func render(
    _ template: CompiledTemplate, _ profiles: [Profile], _ scope: RenderScope = sampleScope
) throws -> String {
    var output = Array("left over".utf8)
    try template.render(rows(for: template, profiles), scope, into: &output)
    return String(decoding: output, as: UTF8.self)
}

/// Renders an individual query for one profile with these fields.
func renderOne(
    _ source: String, _ fields: [String: FieldValue] = [:], _ kind: ConnectorKind = .postgresql,
    _ scope: RenderScope = sampleScope
) throws -> String {
    let compiled = compile(source, kind, mode: .individual)
    let template = try #require(compiled.template, "\(source): \(compiled.diagnostics)")
    return try render(template, [("p1", fields)], scope)
}

/// SplitMix64, seeded from SEGLEDGER_SEED or a fixed number.
struct SeededGenerator: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init() throws {
        let text = ProcessInfo.processInfo.environment["SEGLEDGER_SEED"]
        seed = try #require(UInt64(text ?? "20260312"), "SEGLEDGER_SEED is no number")
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
