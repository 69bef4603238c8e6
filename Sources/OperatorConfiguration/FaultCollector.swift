internal import EventJSON
internal import SQLTemplate

/// Reads typed values out of a YAML tree and collects what is wrong instead of stopping.
///
/// A reading function returns nil where the value is missing or wrong; a wrong one has left a
/// fault.
struct FaultCollector {
    /// Faults, and what was found in queries.
    private(set) var findings: [ConfigurationFault] = []

    var hasErrors: Bool { findings.contains { $0.severity == .error } }

    mutating func add(_ path: String, _ rule: String, hint: String? = nil) {
        findings.append(ConfigurationFault(path: path, rule: rule, hint: hint))
    }

    /// What the compiler says of the query at `path`.
    mutating func add(_ diagnostics: [TemplateDiagnostic], _ path: String, of source: String) {
        findings += diagnostics.map { ConfigurationFault($0, path: path, source: source) }
    }

    /// The members of a mapping by key; keys that are not `known` leave a fault.
    mutating func members(
        of node: YAMLNode, _ path: String, known: [String], hint: String? = nil
    ) -> [String: YAMLNode]? {
        guard case .mapping(let pairs) = node else {
            add(path, "must be a mapping, not \(node.name)", hint: hint)
            return nil
        }
        for (key, _) in pairs where !known.contains(key) {
            let nearest = nearestName(to: key, in: known).map { "did you mean \($0)?" }
            add(
                join(path, key), "is an unknown key",
                hint: nearest ?? "known keys are \(known.joined(separator: ", "))")
        }
        return Dictionary(uniqueKeysWithValues: pairs.map { ($0.key, $0.value) })
    }

    mutating func text(_ node: YAMLNode?, _ path: String, hint: String? = nil) -> String? {
        switch node {
        case nil: return nil
        case .text(let text): return text
        case .some(let other):
            add(path, "must be a text, not \(other.name)", hint: hint ?? "put it in quotes")
            return nil
        }
    }

    mutating func requiredText(
        _ node: YAMLNode?, _ path: String, hint: String? = nil
    ) -> String? {
        guard node != nil else {
            add(path, "is missing", hint: hint)
            return nil
        }
        guard let text = text(node, path) else { return nil }
        guard !text.isEmpty else {
            add(path, "must not be empty", hint: hint)
            return nil
        }
        return text
    }

    mutating func boolean(_ node: YAMLNode?, _ path: String) -> Bool? {
        switch node {
        case nil: return nil
        case .boolean(let flag): return flag
        case .some(let other):
            add(path, "must be true or false, not \(other.name)")
            return nil
        }
    }

    mutating func integer<Number: FixedWidthInteger>(
        _ node: YAMLNode?, _ path: String, in range: ClosedRange<Number>
    ) -> Number? {
        switch node {
        case nil: return nil
        case .integer(let value):
            if let number = Number(exactly: value), range.contains(number) { return number }
            add(path, "must be an integer from \(range.lowerBound) to \(range.upperBound)")
            return nil
        case .number:
            add(path, "must be an integer from \(range.lowerBound) to \(range.upperBound)")
            return nil
        case .some(let other):
            add(path, "must be a number, not \(other.name)", hint: "write it without quotes")
            return nil
        }
    }

    /// A word of a fixed set.
    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ node: YAMLNode?, _ path: String, _: Word.Type = Word.self
    ) -> Word? where Word.RawValue == String {
        let words = Word.allCases.map(\.rawValue)
        let list = words.joined(separator: ", ")
        guard let text = text(node, path, hint: "write one of \(list)") else { return nil }
        if let word = Word(rawValue: text) { return word }
        let nearest = nearestName(to: text, in: words).map { "did you mean \($0)?" }
        add(path, "must be one of \(list)", hint: nearest)
        return nil
    }

    /// Milliseconds of a text such as `500ms`, `10s`, `2m` or `1h`.
    mutating func duration(
        _ node: YAMLNode?, _ path: String, in range: ClosedRange<Int>
    ) -> Int? {
        let hint = "write a number and its unit, for example 500ms, 10s, 2m or 1h"
        guard let node else { return nil }
        guard case .text(let text) = node else {
            add(path, "must be a duration, not \(node.name)", hint: hint)
            return nil
        }
        guard let milliseconds = Duration.milliseconds(text) else {
            add(path, "must be a duration", hint: hint)
            return nil
        }
        guard range.contains(milliseconds) else {
            add(
                path,
                "must be from \(Duration.text(milliseconds: range.lowerBound)) "
                    + "to \(Duration.text(milliseconds: range.upperBound))")
            return nil
        }
        return milliseconds
    }

    /// A name of a connector or an integration; false leaves a fault.
    mutating func checkName(_ name: String, _ path: String) -> Bool {
        let isFit =
            (1...ConfigurationFile.nameByteCountMax).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
        if !isFit {
            add(
                path,
                "a name is 1 to \(ConfigurationFile.nameByteCountMax) letters (a-z, A-Z), digits, "
                    + "-, _ and .",
                hint: Self.nameHint(name))
        }
        return isFit
    }

    /// The nearest name that is one; free text has its own key.
    private static func nameHint(_ name: String) -> String {
        let words = name.split {
            !($0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)))
        }
        let fit = words.joined(separator: "-").prefix(ConfigurationFile.nameByteCountMax)
        let example = fit.isEmpty ? "crm-segments" : String(fit)
        return "write for example \(example); free text goes into an integration's description"
    }
}
