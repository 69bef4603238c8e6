package import Projection
internal import SQLTemplate
package import SegmentModel

extension RowFields {
    /// What the rows of an integration follow: its row key, and, unless it ignores updates, what
    /// else its rows are made of.
    package init(_ definition: IntegrationDefinition) {
        func fields(_ query: QueryKind) -> QueryFields? {
            definition.queries[query].map {
                QueryFields($0, query: query, mode: TemplateMode(definition.batch))
            }
        }
        let removal = fields(.removeProfiles)
        let key = removal?.names ?? []
        let others = definition.updates == .ignore ? [] : fields(.addProfiles)?.names ?? []
        self.init(
            key: key, others: others.filter { !key.contains($0) },
            hasSharedKey: !key.isEmpty && removal?.readsID == false,
            startsAtBeginning: definition.start == .beginning)
    }
}
