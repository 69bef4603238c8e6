/// What a target said of a failure in words of its own, as far as the words are known.
///
/// It may hold values, and whoever wrote a trigger can make all of it up. So nothing prints it, not
/// by accident either; `TargetFailure.told(in:)` takes out what the operator's own text has
/// (INV-10).
package struct TargetReport: Hashable, Sendable {
    /// A known text and what stands in its holes.
    struct Matched: Hashable, Sendable {
        let template: MessageTemplate
        let arguments: [String]

        init?(_ message: String?, _ templates: [MessageTemplate]) {
            guard let message else { return nil }
            for template in templates {
                if let arguments = template.arguments(in: message) {
                    self.template = template
                    self.arguments = arguments
                    return
                }
            }
            return nil
        }
    }

    /// A name that the target gives apart from its text: `kind` is a word of ours, as `table`.
    package struct Name: Hashable, Sendable {
        let kind: String
        package let name: String

        package init(_ kind: String, _ name: String) {
            self.kind = kind
            self.name = name
        }
    }

    /// What becomes of a message that is known.
    package enum Form: Sendable {
        /// It is told as it is, instead of our sentence.
        case whole
        /// Our sentence gets the first name and the line in it.
        case name
    }

    private let text: Matched?
    private let form: Form
    private let names: [Name]
    private let hint: Matched?
    /// Names that the target itself has taken from its catalogue, and nobody else could set.
    private let catalogued: Set<String>
    /// In the statement's text, from 1.
    private let position: Int?
    private let whereToRead: String

    /// - Parameters:
    ///   - whereToRead: what to do to read the rest, as a request.
    package init(
        _ message: String, as templates: [MessageTemplate], form: Form, names: [Name] = [],
        hint: String? = nil, hints: [MessageTemplate] = [], catalogued: Set<String> = [],
        position: Int? = nil, whereToRead: String
    ) {
        text = Matched(message, templates)
        self.form = form
        self.names = names
        self.hint = Matched(hint, hints)
        self.catalogued = catalogued.filter { $0.utf8.count <= 256 && $0.isPrintable }
        self.position = position
        self.whereToRead = whereToRead
    }

    // MARK: Telling

    /// Adds to the failure what may be told.
    func tell(_ failure: inout TargetFailure, _ vocabulary: QueryVocabulary) {
        var isWhole = text != nil
        if let text {
            let (told, isAll) = fill(text, vocabulary)
            switch form {
            case .whole:
                failure.message = told
                isWhole = isAll
            case .name: isWhole = addName(of: text, to: &failure, vocabulary)
            }
        }
        for name in names where passes(name.name, .name, vocabulary) {
            guard !failure.message.contains("\"\(name.name)\"") else { continue }
            failure.message += ", \(name.kind) \"\(name.name)\""
        }
        if let position { failure.message += ", at character \(position)" }
        if failure.hint == nil, let hint {
            let (told, isAll) = fill(hint, vocabulary)
            if isAll { failure.hint = told }
        }
        if !isWhole { failure.whereToRead = whereToRead }
    }

    private func addName(
        of text: Matched, to failure: inout TargetFailure, _ vocabulary: QueryVocabulary
    ) -> Bool {
        var isNamed = false
        for (hole, argument) in zip(text.template.holes, text.arguments) {
            guard passes(argument, hole, vocabulary) else { continue }
            if hole == .line {
                failure.message += ", at line \(argument)"
            } else if !isNamed {
                let plain = argument.filter { $0 != "\"" && $0 != "`" }
                failure.message += ": \(plain)"
                isNamed = true
            }
        }
        return isNamed
    }

    private func fill(
        _ text: Matched, _ vocabulary: QueryVocabulary
    ) -> (told: String, isAll: Bool) {
        var told = ""
        var isAll = true
        var arguments = text.arguments[...]
        for part in text.template.parts {
            switch part {
            case .text(let words): told += words
            case .hole(let hole):
                let argument = arguments.removeFirst()
                let isTold = passes(argument, hole, vocabulary)
                told += isTold ? argument : "…"
                isAll = isAll && isTold
            }
        }
        return (told, isAll)
    }

    private func passes(
        _ argument: String, _ hole: MessageTemplate.Hole, _ vocabulary: QueryVocabulary
    ) -> Bool {
        switch hole {
        case .any: false
        case .name: catalogued.contains(argument) || vocabulary.knowsName(argument)
        case .words: vocabulary.knowsWords(argument)
        case .token: vocabulary.knowsToken(argument)
        case .line: Int(argument).map { (1...vocabulary.lineCount).contains($0) } ?? false
        }
    }
}

extension MessageTemplate {
    var holes: [Hole] {
        parts.compactMap { if case .hole(let hole) = $0 { hole } else { nil } }
    }
}

extension TargetReport: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "…" }
    package var debugDescription: String { "…" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
