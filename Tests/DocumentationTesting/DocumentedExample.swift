internal import Connector
internal import KindTesting
package import SQLTemplate
package import SegmentModel

/// A template that a page shows, and what the page says it renders to.
package struct DocumentedExample {
    package let name: String
    package let query: QueryKind
    package let mode: TemplateMode
    /// As under a connector's `settings`.
    package let settings: [(name: String, value: String)]
    package let source: String
    /// Texts of `sql` and `refused` blocks behind the template, by kind.
    package private(set) var shown: [ConnectorKind: String] = [:]
    package let line: Int

    /// Nil where the block is no template.
    package init?(_ block: FencedBlock) {
        guard block.words.first == "template", block.words.count >= 3,
            let query = QueryKind(rawValue: block.words[2])
        else { return nil }
        name = block.words[1]
        self.query = query
        mode = block.words.contains("individual") ? .individual : .batch
        settings = block.words.compactMap { word in
            let parts = word.split(separator: "=", maxSplits: 1)
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
        }
        source = block.text
        line = block.line
    }

    package static func examples(of page: String) throws -> [DocumentedExample] {
        var examples: [DocumentedExample] = []
        for block in try FencedBlock.blocks(of: page) {
            if block.words == ["yaml"] {
                examples += configured(block)
            } else if let example = DocumentedExample(block) {
                examples.append(example)
            } else if let kind = block.words.first, ["sql", "refused"].contains(kind) {
                for word in block.words.dropFirst() {
                    guard let kind = ConnectorKind(known: word), !examples.isEmpty else {
                        continue
                    }
                    examples[examples.count - 1].shown[kind] = block.text
                }
            }
        }
        return examples
    }

    private init(name: String, query: QueryKind, source: String, line: Int) {
        self.name = name
        self.query = query
        mode = .batch
        settings = []
        self.source = source
        self.line = line
    }

    /// The queries of a configuration: `QUERY: text`, or `QUERY: |` with lines that are indented
    /// further.
    private static func configured(_ block: FencedBlock) -> [DocumentedExample] {
        var examples: [DocumentedExample] = []
        var lines = block.text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        while let line = lines.popFirst() {
            guard let match = line.wholeMatch(of: /( +)(\w+): (.+)/),
                let query = QueryKind(rawValue: String(match.2))
            else { continue }
            var source = String(match.3)
            if source == "|" {
                let indent = match.1 + "  "
                let inner = lines.prefix { $0.hasPrefix(indent) }
                lines = lines.dropFirst(inner.count)
                source = inner.map { $0.dropFirst(indent.count) + "\n" }.joined()
            }
            examples.append(
                DocumentedExample(
                    name: "config-" + query.rawValue, query: query, source: source,
                    line: block.line))
        }
        return examples
    }

    package func rules(_ kind: ConnectorKind) throws -> SQLRules {
        var rules = SQLRules(kind)
        for setting in kind.factory.form.settings {
            for (name, value) in settings where name == setting.name {
                rules.settings.formUnion(try setting.settings(value))
            }
        }
        return rules
    }
}

extension RenderRows {
    /// The slots of a template, from fields by name.
    package init(
        _ profiles: some Collection<[ExactText: FieldValue]>, for template: CompiledTemplate
    ) {
        self.init(slotCount: template.fieldNames.count)
        rowCount = profiles.count
        for profile in profiles {
            for name in template.fieldKeys {
                guard let value = profile[name] else {
                    values.append(RenderRows.Value())
                    continue
                }
                let offset = UInt32(bytes.count)
                bytes += value.bytes
                let count = UInt32(value.bytes.count)
                values.append(
                    RenderRows.Value(
                        kind: value.kind, bytes: EventBatch.Slice(offset: offset, count: count)))
            }
        }
    }
}
