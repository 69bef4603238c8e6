/// What can be known of a value before any profile is seen.
enum ValueType: Equatable {
    /// A field's: anything.
    case any
    case number, text, boolean, date

    var name: String {
        switch self {
        case .any: "a value"
        case .number: "a number"
        case .text: "a text"
        case .boolean: "a condition"
        case .date: "a date"
        }
    }
}

/// Refuses what can never give anything: only what is certain, since a field can be anything.
enum TypeCheck {
    static func type(of expression: Expression) -> ValueType {
        switch expression {
        case .constant(let value):
            switch value.kind {
            case .number: .number
            case .text: .text
            case .true, .false: .boolean
            case .date: .date
            case .missing, .null, .json: .any
            }
        case .scope(let name):
            name.isInteger ? .number : name == .eventTime ? .date : .text
        case .index: .number
        case .call(let function, let arguments): type(of: function, arguments)
        case .formatted: .text
        case .not, .all, .any, .compare, .exists: .boolean
        case .field, .item, .selection: .any
        }
    }

    private static func type(of function: Function, _ arguments: [Expression]) -> ValueType {
        switch function {
        case .upper, .lower, .trim, .substring, .replace, .concat, .md5, .sha256, .text: .text
        case .length, .number: .number
        case .date: .date
        case .default: common(type(of: arguments[0]), type(of: arguments[1]))
        case .json, .first, .jsonpath: .any
        }
    }

    private static func common(_ first: ValueType, _ second: ValueType) -> ValueType {
        first == second ? first : .any
    }

    static func call(
        _ function: Function, _ arguments: [Expression], constants: [UInt8], at offset: Int
    ) throws(TagFault) {
        let first = type(of: arguments[0])
        switch function {
        case .substring:
            for argument in arguments.dropFirst() {
                guard ![.text, .boolean, .date].contains(type(of: argument)) else {
                    throw TagFault(
                        offset: offset,
                        message: "substring counts with numbers, not with "
                            + type(of: argument).name,
                        hint: "for example {substring($lead.City 1 3)}", rule: "type")
                }
            }
        case .date:
            guard case .constant(let value) = arguments[0], value.kind == .text else {
                guard first != .boolean else {
                    throw TagFault(
                        offset: offset, message: "a condition is no date", rule: "type")
                }
                return
            }
            let isRead = constants.withUnsafeBufferPointer {
                TemplateMoment(
                    parsing: value, UnsafeBufferPointer(rebasing: $0[value.range])) != nil
            }
            guard isRead else {
                throw TagFault(
                    offset: offset, message: "this text is no date",
                    hint: "a date is written 2026-03-12 or 2026-03-12T10:00:00Z", rule: "type")
            }
        case .jsonpath, .first:
            guard first == .any || first == .text else {
                throw TagFault(
                    offset: offset,
                    message: "\(function.rawValue) looks into JSON, not into "
                        + first.name, rule: "type")
            }
        default: break
        }
    }

    static func compare(
        _ comparison: Comparison, _ left: Expression, _ right: Expression, constants: [UInt8],
        at offset: Int
    ) throws(TagFault) {
        let types = [type(of: left), type(of: right)]
        switch comparison {
        case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual:
            guard types.contains(.number) else { return }
            for (other, side) in [(types[0], left), (types[1], right)] where other != .number {
                let isNever =
                    other == .boolean || other == .date
                    || (other == .text && !isNumber(side, constants))
                guard !isNever else {
                    throw TagFault(
                        offset: offset,
                        message: "a number is never equal to, less or more than \(other.name)",
                        hint: "compare a number with a number", rule: "type")
                }
            }
        case .contains, .isIn:
            let whole = comparison == .contains ? types[0] : types[1]
            guard whole != .number && whole != .boolean else {
                throw TagFault(
                    offset: offset, message: "\(whole.name) contains nothing",
                    hint: "ask a text, a list or an object", rule: "type")
            }
        }
    }

    /// A text that is not known can be a number.
    private static func isNumber(_ expression: Expression, _ constants: [UInt8]) -> Bool {
        guard case .constant(let value) = expression else { return true }
        return constants.withUnsafeBufferPointer {
            DecimalText.isNumber(UnsafeBufferPointer(rebasing: $0[value.range]))
        }
    }

    static func loop(over items: Expression, at offset: Int) throws(TagFault) {
        let type = type(of: items)
        guard type == .any else {
            throw TagFault(
                offset: offset, message: "\(type.name) cannot be looped over",
                hint: "loop over $batch or over a field that is a list: "
                    + "{for $tag = $lead.tags}…{end}",
                rule: "type")
        }
    }
}
