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

    mutating func slot(of field: String) -> Int {
        if let slot = slots[field] { return slot }
        let slot = program.fieldNames.count
        slots[field] = slot
        program.fieldNames.append(field)
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
            return .compare(
                comparison, try resolve(left, tagOffset: tagOffset),
                try resolve(right, tagOffset: tagOffset))
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
        if let variable = variables.last(where: { $0.name == name }) {
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
        if let variable = variables.last(where: { $0.name == name }) {
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
        return .call(function, try resolve(arguments, tagOffset: tagOffset))
    }

    private func unknown(
        _ name: String, _ known: [String], _ offset: Int, what: String = "name",
        otherwise: String?
    ) -> TagFault {
        let shown = name.unicodeScalars.count > 64 ? String(name.prefix(64)) + "…" : name
        return TagFault(
            offset: offset, message: "the \(what) \(shown) is not known",
            hint: NearestName.find(name, in: known).map { "did you mean \($0)?" } ?? otherwise,
            rule: "unknown_name")
    }
}
