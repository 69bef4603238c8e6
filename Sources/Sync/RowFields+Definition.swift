package import Projection
internal import SQLTemplate
package import SegmentModel

extension RowFields {
    /// What the rows of an integration follow: its row key, and, unless it ignores updates, what
    /// else its rows are made of.
    package init(_ definition: IntegrationDefinition) {
        func fields(_ query: QueryKind) -> [ExactText] {
            definition.queries[query].map {
                QueryFields($0, query: query, mode: TemplateMode(definition.batch)).names
            } ?? []
        }
        let key = fields(.removeProfiles)
        let others = definition.updates == .ignore ? [] : fields(.addProfiles)
        self.init(key: key, others: others.filter { !key.contains($0) })
    }
}
