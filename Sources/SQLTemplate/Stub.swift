package import SegmentModel
package struct SQLDialect: Sendable { package init(_ kind: ConnectorKind) {} }
package struct TemplateDiagnostic: Hashable, Sendable { package enum Severity: Sendable { case error, warning }
 package var severity: Severity; package var line: Int; package var column: Int; package var message: String; package var hint: String?; package var rule: String }
package enum TemplateMode: Sendable { case individual, batch }
package struct RenderFailure: Error { package var message: String; package var row: Int? }
package struct CompiledTemplate: Sendable { package let fieldNames: [String]; package let profileIDSlot: Int?
 package func render(_ rows: RenderRows, _ scope: RenderScope, into output: inout [UInt8]) throws(RenderFailure) {} }
package struct TemplateCompiler { package init(dialect: SQLDialect) {}
 package func compile(_ source: String, query: QueryKind, mode: TemplateMode) -> (template: CompiledTemplate?, diagnostics: [TemplateDiagnostic]) { (nil, []) } }
package func sourceExcerpt(_ s: String, at: TemplateDiagnostic) -> String { "" }
