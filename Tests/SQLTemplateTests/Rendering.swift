import DocumentationTesting
import KindTesting
import SQLTemplate
import SegmentModel
import Testing

/// Compiles and renders for a test: profiles as dictionaries of fields.
struct Rendering {
    typealias Profile = [ExactText: FieldValue]

    var kind = ConnectorKind.postgresql
    var query = QueryKind.addProfiles
    var mode = TemplateMode.batch
    var segmentName = "VIP"

    func diagnostics(_ source: String) -> [TemplateDiagnostic] {
        TemplateCompiler(dialect: SQLDialect(kind)).compile(source, query: query, mode: mode)
            .diagnostics
    }

    func compile(_ source: String) throws -> CompiledTemplate {
        let compiled = TemplateCompiler(dialect: SQLDialect(kind))
            .compile(source, query: query, mode: mode)
        return try #require(compiled.template, "\(kind): \(source): \(compiled.diagnostics)")
    }

    func render(_ source: String, _ profiles: [Profile] = []) throws -> String {
        String(decoding: try renderBytes(source, profiles), as: UTF8.self)
    }

    func renderBytes(_ source: String, _ profiles: [Profile] = []) throws -> [UInt8] {
        let template = try compile(source)
        let rows = RenderRows(profiles, for: template)
        let scope = RenderScope(
            segmentID: SegmentID(42), segmentName: segmentName, integrationName: "crm",
            eventTime: Timestamp(rfc3339: "2026-03-12T10:00:00Z")!, position: Position(7),
            deliveryID: "d-1")
        var output: [UInt8] = []
        try template.render(rows, scope, into: &output)
        return output
    }
}
