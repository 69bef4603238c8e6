internal import SegmentModel

/// Resolving names.
extension ProgramBuilder {
    static let loopHint = "loop over the batch: {for $index, $lead = $batch}…{end}"

    func requireBatch(_ name: String, at offset: Int) throws(TagFault) {
        guard query.hasBatch else {
            throw TagFault(
                offset: offset, message: "\(name) is not known in \(query.rawValue)",
                hint: "only add_profiles and remove_profiles have profiles", rule: "scope")
        }
    }

    /// `_id` is what the platform calls the profile's id.
    mutating func slot(of name: String) -> Int {
        let field = ExactText(name.isExactly("_id") ? "id" : name)
        if let slot = slots[field] { return slot }
        let slot = program.fieldNames.count
        slots[field] = slot
        program.fieldNames.append(field.text)
        program.fieldKeys.append(field)
        if field == "id" {
            program.profileIDSlot = slot
        }
        return slot
    }

    mutating func constant(_ bytes: [UInt8], _ kind: RenderedValue.Kind) -> Expression {
        let start = program.constants.count
        program.constants += bytes
        return .constant(
            RenderedValue(
                kind: kind, buffer: .constants, range: start..<program.constants.count))
    }

    mutating func resolve(_ syntax: Syntax, tagOffset: Int) throws(TagFault) -> Expression {
        switch syntax {
        case .text(let bytes): return constant(bytes, .text)
        case .number(let bytes): return constant(bytes, .number)
        case .boolean(let value): return .constant(.boolean(value))
        case .name(let name, let path, let offset): return try named(name, path, offset)
        case .variable(let name, let path, let offset): return try variable(name, path, offset)
        case .call(let name, let arguments, let offset):
            return try call(name, arguments, offset, tagOffset: tagOffset)
        case .not(let inner): return .not(try resolve(inner, tagOffset: tagOffset))
        case .exists(let inner): return .exists(try resolve(inner, tagOffset: tagOffset))
        case .all(let parts): return .all(try resolve(parts, tagOffset: tagOffset))
        case .any(let parts): return .any(try resolve(parts, tagOffset: tagOffset))
        case .compare(let comparison, let left, let right):
            let first = try resolve(left, tagOffset: tagOffset)
            let second = try resolve(right, tagOffset: tagOffset)
            try TypeCheck.compare(
                comparison, first, second, constants: program.constants,
                at: left.offset ?? right.offset ?? tagOffset)
            return .compare(comparison, first, second)
        }
    }

    private mutating func resolve(
        _ parts: [Syntax], tagOffset: Int
    ) throws(TagFault) -> [Expression] {
        var resolved: [Expression] = []
        for part in parts {
            resolved.append(try resolve(part, tagOffset: tagOffset))
        }
        return resolved
    }

    private mutating func named(
        _ name: String, _ path: [PathStep], _ offset: Int
    ) throws(TagFault) -> Expression {
        if name == "lead" { return try profile("lead", path, offset) }
        if let scope = ScopeName(rawValue: name) {
            guard path.isEmpty else {
                throw TagFault(
                    offset: offset, message: "\(name) has no fields", hint: "write {\(name)}",
                    rule: "scope")
            }
            return .scope(scope)
        }
        if let variable = variables.last(where: { $0.name.isExactly(name) }) {
            throw TagFault(
                offset: offset, message: "the name \(name) is not known",
                hint: "the loop's variable is $\(variable.name)", rule: "unknown_name")
        }
        let known =
            ScopeName.allCases.map(\.rawValue) + ["lead"] + TagParser.keywords
            + Function.allCases.map(\.rawValue)
        throw unknown(name, known, offset, otherwise: "write {{ for a brace that is text")
    }

    private mutating func variable(
        _ name: String, _ path: [PathStep], _ offset: Int
    ) throws(TagFault) -> Expression {
        if let variable = variables.last(where: { $0.name.isExactly(name) }) {
            switch variable.meaning {
            case .profile:
                return try field(of: "$" + name, frame: variable.frame, path, offset)
            case .item: return .item(frame: variable.frame, path: path)
            case .index:
                guard path.isEmpty else {
                    throw TagFault(
                        offset: offset, message: "$\(name) is the turn's number and has no fields",
                        rule: "scope")
                }
                return .index(frame: variable.frame)
            }
        }
        if name == "lead" { return try profile("$lead", path, offset) }
        if name == "batch" {
            try requireBatch("$batch", at: offset)
            throw TagFault(
                offset: offset, message: "$batch is no value", hint: Self.loopHint, rule: "scope")
        }
        let known = variables.map { "$" + $0.name } + ["$lead", "$batch"]
        throw unknown("$" + name, known, offset, otherwise: nil)
    }

    /// `lead` or `$lead` where no loop gives it that name.
    private mutating func profile(
        _ name: String, _ path: [PathStep], _ offset: Int
    ) throws(TagFault) -> Expression {
        try requireBatch(name, at: offset)
        if let loop = loopFrames.last(where: \.isBatch), name == "lead" {
            return try field(of: name, frame: loop.frame, path, offset)
        }
        guard mode == .individual else {
            let inLoop = variables.last { $0.meaning == .profile }
            throw TagFault(
                offset: offset, message: "\(name) is not known outside of a loop over the batch",
                hint: inLoop.map { "the loop's variable is $\($0.name)" } ?? Self.loopHint,
                rule: "scope")
        }
        program.usesOnlyProfile = true
        return try field(of: name, frame: nil, path, offset)
    }

    private mutating func field(
        of profile: String, frame: Int?, _ path: [PathStep], _ offset: Int
    ) throws(TagFault) -> Expression {
        guard let first = path.first else {
            throw TagFault(
                offset: offset, message: "\(profile) is a profile: name one of its fields",
                hint: "for example {\(profile).CustomID} or {\(profile).id}", rule: "scope")
        }
        return .field(frame: frame, slot: slot(of: first.text), path: Array(path.dropFirst()))
    }

    private mutating func call(
        _ name: String, _ arguments: [Syntax], _ offset: Int, tagOffset: Int
    ) throws(TagFault) -> Expression {
        guard let function = Function(rawValue: name) else {
            let known = Function.allCases.map(\.rawValue)
            throw unknown(
                name, known, offset, what: "function",
                otherwise: "there are \(known.joined(separator: ", "))")
        }
        let counts = function.argumentCounts
        guard counts.contains(arguments.count) else {
            let expected =
                counts.count == 1
                ? "\(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
            throw TagFault(
                offset: offset,
                message: "\(name) takes \(expected) arguments, not \(arguments.count)",
                hint: "arguments are separated by spaces", rule: "arguments")
        }
        switch function {
        case .jsonpath: return try selection(arguments, offset, tagOffset: tagOffset)
        case .date where arguments.count > 1:
            return try formatted(arguments, offset, tagOffset: tagOffset)
        default:
            let resolved = try resolve(arguments, tagOffset: tagOffset)
            try TypeCheck.call(function, resolved, constants: program.constants, at: offset)
            return .call(function, resolved)
        }
    }

    /// `date(x "format")`, `date(x "format" "+03:00")`: read here, so that its faults have a place.
    private mutating func formatted(
        _ arguments: [Syntax], _ offset: Int, tagOffset: Int
    ) throws(TagFault) -> Expression {
        let subject = try resolve(arguments[0], tagOffset: tagOffset)
        try TypeCheck.call(.date, [subject], constants: program.constants, at: offset)
        let texts = try literals(
            arguments, of: "date", offset, hint: "for example {date(event_time \"yyyy-MM-dd\")}")
        do throws(TimeFormat.Problem) {
            let format = try TimeFormat(texts[0], zone: texts.count > 1 ? texts[1] : nil)
            return .formatted(subject, format)
        } catch {
            throw TagFault(
                offset: offset, message: error.message, hint: error.hint, rule: "arguments")
        }
    }

    private mutating func selection(
        _ arguments: [Syntax], _ offset: Int, tagOffset: Int
    ) throws(TagFault) -> Expression {
        let subject = try resolve(arguments[0], tagOffset: tagOffset)
        try TypeCheck.call(.jsonpath, [subject], constants: program.constants, at: offset)
        let example = "for example {jsonpath($lead.orders \"$[0].id\" \"item\")}"
        let texts = try literals(arguments, of: "jsonpath", offset, hint: example)
        let form = texts.count > 1 ? texts[1] : "item"
        guard form == "item" || form == "array" else {
            throw TagFault(
                offset: offset, message: "jsonpath gives an \"item\" or an \"array\"",
                hint: example, rule: "arguments")
        }
        do throws(JSONPathParser.Problem) {
            let path = try JSONPathParser.parse(Array(texts[0].utf8))
            return .selection(subject, path, isList: form == "array")
        } catch {
            throw TagFault(
                offset: offset, message: error.message, hint: error.hint ?? example,
                rule: "arguments")
        }
    }

    /// The arguments behind the first, which have to be texts.
    private func literals(
        _ arguments: [Syntax], of function: String, _ offset: Int, hint: String
    ) throws(TagFault) -> [String] {
        var texts: [String] = []
        for argument in arguments.dropFirst() {
            guard case .text(let bytes) = argument else {
                throw TagFault(
                    offset: offset,
                    message: "\(function) needs texts in double quotes behind its first argument",
                    hint: hint, rule: "arguments")
            }
            texts.append(String(decoding: bytes, as: UTF8.self))
        }
        return texts
    }

    private func unknown(
        _ name: String, _ known: [String], _ offset: Int, what: String = "name",
        otherwise: String?
    ) -> TagFault {
        let shown = name.unicodeScalars.count > 64 ? String(name.prefix(64)) + "…" : name
        return TagFault(
            offset: offset, message: "the \(what) \(shown) is not known",
            hint: OriginalSyntax.instead(of: name)
                ?? NearestName.find(name, in: known).map { "did you mean \($0)?" } ?? otherwise,
            rule: "unknown_name")
    }
}
