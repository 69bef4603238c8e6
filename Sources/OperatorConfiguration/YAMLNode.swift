internal import SegmentModel
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

    /// Reads a file of one document; an empty one is `.null`.
    ///
    /// - Throws: also for what goes beyond a limit (docs/reference/limits.md), before the library
    ///   has worked on it (`YAMLBounds`) or, for what that leaves, before anything else does.
    static func parse(_ text: String) throws(ConfigurationFaults) -> YAMLNode {
        try YAMLBounds.check(text)
        // Editors put a mark of the encoding there, which is no part of the text.
        let text =
            text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        do {
            let resolver = Resolver.default.removing(.merge).removing(.timestamp)
                .removing(.value)
            // The encoding is said, or a variable of the environment would choose it.
            guard let root = try Yams.compose(yaml: text, resolver, .default, .utf8) else {
                return .null
            }
            var rest = Limits.configurationValueCountMax
            return try YAMLNode(root, path: "", depth: 0, rest: &rest)
        } catch let faults as ConfigurationFaults {
            throw faults
        } catch let error as YamlError {
            throw ConfigurationFaults([fault(error)])
        } catch {
            throw ConfigurationFaults([ConfigurationFault(path: "", rule: "is no YAML")])
        }
    }

    private init(
        _ node: Node, path: String, depth: Int, rest: inout Int
    ) throws(ConfigurationFaults) {
        rest -= 1
        guard rest >= 0 else {
            throw Self.fault(
                path, "the file holds more than \(Limits.configurationValueCountMax) values",
                hint: "split it: what a file does not name stays as it is")
        }
        guard depth <= Limits.configurationDepthMax else {
            throw Self.fault(
                path, "is nested deeper than \(Limits.configurationDepthMax) values",
                hint: "no setting is nested so deep")
        }
        switch node {
        case .scalar(let scalar):
            guard scalar.string.utf8.count <= Limits.configurationTextByteCountMax else {
                throw Self.fault(
                    path, "has more than \(Limits.configurationTextByteCountMax) bytes",
                    hint: "no setting is so long")
            }
            self = YAMLNode(scalar, tag: node.tag, boolean: node.bool)
        case .sequence(let sequence):
            var values: [YAMLNode] = []
            for (index, value) in sequence.enumerated() {
                values.append(
                    try YAMLNode(
                        value, path: "\(path)[\(index)]", depth: depth + 1, rest: &rest))
            }
            self = .list(values)
        case .mapping(let mapping):
            self = try YAMLNode(mapping, path: path, depth: depth + 1, rest: &rest)
        case .alias:
            throw Self.fault(path, "is an alias without its anchor", hint: nil)
        }
    }

    private static func fault(_ path: String, _ rule: String, hint: String?) -> ConfigurationFaults
    {
        ConfigurationFaults([ConfigurationFault(path: path, rule: rule, hint: hint)])
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
        _ mapping: Node.Mapping, path: String, depth: Int, rest: inout Int
    ) throws(ConfigurationFaults) {
        var pairs: [(key: String, value: YAMLNode)] = []
        var keys: Set<String> = []
        for (keyNode, value) in mapping {
            guard let key = keyNode.scalar?.string else {
                throw Self.fault(path, "has a key that is no text", hint: nil)
            }
            guard key.utf8.count <= Limits.configurationKeyByteCountMax else {
                throw Self.fault(
                    path, "has a key of more than \(Limits.configurationKeyByteCountMax) bytes",
                    hint: "no setting and no name is so long")
            }
            let keyPath = join(path, key)
            guard keys.insert(key).inserted else {
                throw Self.fault(keyPath, "is given twice", hint: nil)
            }
            pairs.append((key, try YAMLNode(value, path: keyPath, depth: depth, rest: &rest)))
        }
        self = .mapping(pairs)
    }

    /// A key for a message; the library has compared keys of any length.
    private static func short(_ key: String) -> String {
        key.utf8.count <= Limits.configurationKeyByteCountMax ? key : "a long key"
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
                rule: "\(keys.map(short).joined(separator: ", ")): is given twice",
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
