internal import SegmentModel

/// Reads one tag's tokens.
///
/// `not` binds tightest, then comparisons, then `and`, then `or`.
struct TagParser {
    static let keywords = ["for", "if", "elseif", "else", "end", "autocomma", "batch_in"]
    private static let comparisons: [TagToken.Kind: Comparison] = [
        .symbol("=="): .equal, .symbol("!="): .notEqual, .symbol("<"): .less,
        .symbol("<="): .lessOrEqual, .symbol(">"): .greater, .symbol(">="): .greaterOrEqual,
        .name("equal"): .equal, .name("contains"): .contains, .name("in"): .isIn,
    ]
    private static let operatorNames: Set<String> = [
        "and", "or", "not", "equal", "contains", "in", "exists",
    ]

    private let tokens: [TagToken]
    private let tagOffset: Int
    private var index = 0
    private var depth = 0

    /// `tokens` ends with `.end`.
    init(tokens: [TagToken], tagOffset: Int) {
        self.tokens = tokens
        self.tagOffset = tagOffset
    }

    private var current: TagToken { tokens[index] }

    private mutating func advance() {
        if index + 1 < tokens.count {
            index += 1
        }
    }

    private mutating func take(_ kind: TagToken.Kind) -> Bool {
        guard current.kind == kind else { return false }
        advance()
        return true
    }

    private func fault(_ message: String, hint: String? = nil) -> TagFault {
        TagFault(offset: current.offset, message: message, hint: hint)
    }

    mutating func parse() throws(TagFault) -> Tag {
        let tag = try unfinishedTag()
        guard current.kind == .end else {
            if current.kind == .symbol(",") {
                throw fault("a comma cannot stand here", hint: "arguments are separated by spaces")
            }
            throw fault("the tag should end here", hint: "close it with }")
        }
        return tag
    }

    private mutating func unfinishedTag() throws(TagFault) -> Tag {
        guard case .name(let name) = current.kind else { return .value(try operand()) }
        switch name {
        case "for":
            advance()
            return try forLoop()
        case "if":
            advance()
            return .ifBlock(try condition())
        case "elseif":
            advance()
            return .elseIf(try condition())
        case "else":
            advance()
            guard current.kind != .name("if") else {
                throw fault("else if is one word", hint: "write {elseif …}")
            }
            return .elseBlock
        case "end":
            advance()
            return .end
        case "autocomma":
            advance()
            return .autocomma
        case "batch_in":
            advance()
            return try batchIn()
        default: return .value(try operand())
        }
    }

    private mutating func forLoop() throws(TagFault) -> Tag {
        let form = "{for $index, $item = $collection} or {for $item = $collection}"
        let first = try variableName(form)
        var index: String?
        var item = first
        if take(.symbol(",")) {
            index = first
            item = try variableName(form)
        }
        if let index, item.isExactly(index) {
            throw fault("the two variables of a loop need two names")
        }
        guard take(.symbol("=")) else {
            throw fault("a loop needs = before its collection", hint: form)
        }
        return .forLoop(index: index, item: item, collection: try operand())
    }

    private mutating func variableName(_ form: String) throws(TagFault) -> String {
        guard case .variable(let name) = current.kind, !name.isEmpty else {
            throw fault("a loop needs a variable, with its $", hint: form)
        }
        guard name != "batch" else {
            throw fault("$batch is the batch and cannot be a loop's variable", hint: form)
        }
        advance()
        return name
    }

    private mutating func batchIn() throws(TagFault) -> Tag {
        let isParenthesised = take(.symbol("("))
        guard case .text(let bytes) = current.kind, !bytes.isEmpty else {
            throw fault(
                "batch_in needs a field's name in double quotes", hint: "{batch_in \"CustomID\"}")
        }
        let steps = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard steps.allSatisfy({ !$0.isEmpty }) else {
            throw fault("a dotted path needs a name on both sides of each dot")
        }
        advance()
        if isParenthesised, !take(.symbol(")")) {
            throw fault("a closing parenthesis is missing")
        }
        return .batchIn(steps.map { PathStep(String(decoding: $0, as: UTF8.self)) })
    }

    // MARK: Conditions

    private mutating func condition() throws(TagFault) -> Syntax {
        guard current.kind != .end else { throw fault("a condition is missing") }
        return try nested { parser throws(TagFault) in try parser.anyOf() }
    }

    private mutating func nested(
        _ body: (inout TagParser) throws(TagFault) -> Syntax
    ) throws(TagFault) -> Syntax {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limits.templateDepthMax else {
            throw TagFault(
                offset: current.offset,
                message: "an expression can be nested \(Limits.templateDepthMax) deep at most",
                rule: "limit")
        }
        return try body(&self)
    }

    private mutating func anyOf() throws(TagFault) -> Syntax {
        var parts = [try allOf()]
        while take(.name("or")) {
            parts.append(try allOf())
        }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func allOf() throws(TagFault) -> Syntax {
        var parts = [try comparison()]
        while take(.name("and")) {
            parts.append(try comparison())
        }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func comparison() throws(TagFault) -> Syntax {
        let left = try negation()
        if take(.name("exists")) { return .exists(left) }
        if current.kind == .symbol("=") {
            throw fault("a comparison is written with two signs", hint: "write == or equal")
        }
        guard let comparison = Self.comparisons[current.kind] else { return left }
        advance()
        return .compare(comparison, left, try negation())
    }

    private mutating func negation() throws(TagFault) -> Syntax {
        if take(.name("not")) {
            return .not(try nested { parser throws(TagFault) in try parser.negation() })
        }
        if take(.name("exists")) {
            return .exists(try nested { parser throws(TagFault) in try parser.negation() })
        }
        if take(.symbol("(")) {
            let inner = try condition()
            guard take(.symbol(")")) else { throw fault("a closing parenthesis is missing") }
            return inner
        }
        return try operand()
    }

    // MARK: Operands

    private mutating func operand() throws(TagFault) -> Syntax {
        let token = current
        switch token.kind {
        case .variable(let name):
            guard !name.isEmpty else { throw fault("a name must follow the $") }
            advance()
            return .variable(name, path: try path(), offset: token.offset)
        case .name("true"), .name("false"):
            advance()
            return .boolean(token.kind == .name("true"))
        case .name(let name):
            guard !Self.operatorNames.contains(name) else {
                throw fault("a value must stand before or after \(name)")
            }
            advance()
            if take(.symbol("(")) {
                return try nested { parser throws(TagFault) in
                    .call(name, arguments: try parser.arguments(), offset: token.offset)
                }
            }
            return .name(name, path: try path(), offset: token.offset)
        case .text(let bytes):
            advance()
            return .text(bytes)
        case .number(let bytes):
            guard bytes.withUnsafeBufferPointer({ DecimalText.isNumber($0) }) else {
                throw fault("this is not a number")
            }
            advance()
            return .number(bytes)
        case .symbol, .end: throw fault("a value is missing")
        }
    }

    private mutating func arguments() throws(TagFault) -> [Syntax] {
        var arguments: [Syntax] = []
        while !take(.symbol(")")) {
            if current.kind == .symbol(",") {
                throw fault("a comma cannot stand here", hint: "arguments are separated by spaces")
            }
            guard current.kind != .end else { throw fault("a closing parenthesis is missing") }
            arguments.append(try operand())
        }
        return arguments
    }

    private mutating func path() throws(TagFault) -> [PathStep] {
        var steps: [PathStep] = []
        while take(.symbol(".")) {
            switch current.kind {
            case .name(let name): steps.append(PathStep(name))
            case .text(let bytes) where !bytes.isEmpty:
                steps.append(PathStep(String(decoding: bytes, as: UTF8.self)))
            default: throw fault("a name must follow the dot")
            }
            advance()
        }
        return steps
    }
}
