internal import Yams

/// A YAML document as the configuration needs it, apart from the library that reads it.
enum YAMLNode {
    case null
    case boolean(Bool)
    case integer(Int64)
    /// A plain number that is no 64-bit integer.
    case number
    case text(String)
    case list([YAMLNode])
    case mapping([(key: String, value: YAMLNode)])

    /// With its article, for messages.
    var name: String {
        switch self {
        case .null: "nothing"
        case .boolean: "a boolean"
        case .integer, .number: "a number"
        case .text: "a text"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    /// Nodes at most, aliases expanded: so that a small file cannot become a large one.
    static let nodeCountMax = 100_000

    /// Reads a file of one document; an empty one is `.null`.
    static func parse(_ text: String) throws(ConfigurationFaults) -> YAMLNode {
        do {
            let resolver = Resolver.default.removing(.merge).removing(.timestamp)
                .removing(.value)
            guard let root = try Yams.compose(yaml: text, resolver) else { return .null }
            var rest = nodeCountMax
            return try YAMLNode(root, path: "", rest: &rest)
        } catch let faults as ConfigurationFaults {
            throw faults
        } catch let error as YamlError {
            throw ConfigurationFaults([fault(error)])
        } catch {
            throw ConfigurationFaults([ConfigurationFault(path: "", rule: "is no YAML")])
        }
    }

    private init(_ node: Node, path: String, rest: inout Int) throws(ConfigurationFaults) {
        rest -= 1
        guard rest > 0 else {
            throw ConfigurationFaults([
                ConfigurationFault(
                    path: path, rule: "the file holds more than \(YAMLNode.nodeCountMax) values",
                    hint: "split it, or use fewer aliases")
            ])
        }
        switch node {
        case .scalar(let scalar): self = YAMLNode(scalar, tag: node.tag, boolean: node.bool)
        case .sequence(let sequence):
            var values: [YAMLNode] = []
            for (index, value) in sequence.enumerated() {
                values.append(try YAMLNode(value, path: "\(path)[\(index)]", rest: &rest))
            }
            self = .list(values)
        case .mapping(let mapping):
            self = try YAMLNode(mapping, path: path, rest: &rest)
        case .alias:
            throw ConfigurationFaults([
                ConfigurationFault(path: path, rule: "is an alias without its anchor")
            ])
        }
    }

    private init(_ scalar: Node.Scalar, tag: Tag, boolean: Bool?) {
        if tag == Tag(.null) {
            self = .null
        } else if tag == Tag(.bool), let boolean {
            self = .boolean(boolean)
        } else if tag == Tag(.int) || tag == Tag(.float) {
            self = Int64(scalar.string).map { .integer($0) } ?? .number
        } else {
            self = .text(scalar.string)
        }
    }

    private init(
        _ mapping: Node.Mapping, path: String, rest: inout Int
    ) throws(ConfigurationFaults) {
        var pairs: [(key: String, value: YAMLNode)] = []
        var keys: Set<String> = []
        for (keyNode, value) in mapping {
            guard let key = keyNode.scalar?.string else {
                throw ConfigurationFaults([
                    ConfigurationFault(path: path, rule: "has a key that is no text")
                ])
            }
            let keyPath = join(path, key)
            guard keys.insert(key).inserted else {
                throw ConfigurationFaults([
                    ConfigurationFault(path: keyPath, rule: "is given twice")
                ])
            }
            pairs.append((key, try YAMLNode(value, path: keyPath, rest: &rest)))
        }
        self = .mapping(pairs)
    }

    /// The library's own descriptions quote the file, which may hold a password: only its fixed
    /// sentences and the place are taken over.
    private static func fault(_ error: YamlError) -> ConfigurationFault {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return ConfigurationFault(
                path: "\(mark.line):\(mark.column)", rule: "wrong YAML: \(problem)",
                hint: "check indentation, quotes and colons there")
        case .duplicatedKeysInMapping(let keys, let context):
            return ConfigurationFault(
                path: "\(context.mark.line):\(context.mark.column)",
                rule: "\(keys.joined(separator: ", ")): is given twice",
                hint: "a key stands once in its mapping")
        case .reader:
            return ConfigurationFault(
                path: "", rule: "wrong YAML: a character that YAML does not allow",
                hint: "save the file as UTF-8 without control characters")
        default:
            return ConfigurationFault(path: "", rule: "is no YAML")
        }
    }
}

/// A key behind a path, with a dot between.
func join(_ path: String, _ key: String) -> String {
    path.isEmpty ? key : "\(path).\(key)"
}
