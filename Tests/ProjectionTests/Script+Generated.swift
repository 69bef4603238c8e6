import Projection
import ProjectionModel
import SegmentModel

extension Script {
    private static let segments: [Int64] = [-5, 1, 2, 42]
    private static let integrations = ["crm", "bi"]

    /// Events of every kind, in any order that a ledger can hold.
    static func generated(count: Int, _ random: inout SeededGenerator) -> Script {
        var script = Script()
        for index in 0..<count {
            script.events.append(event(at: index, script, &random))
        }
        return script
    }

    private static func event(
        at index: Int, _ script: Script, _ random: inout SeededGenerator
    ) -> Event {
        let segment = SegmentID(segments.randomElement(using: &random)!)
        let integration = integrations.randomElement(using: &random)!
        let lane = LaneKey(integration: integration, segment: segment)
        switch random.next() % 54 {
        case 40..<45:
            return Event(
                kind: .changeParked, content: .parked(parked(lane, index, &random)))
        case 45..<49:
            return Event(
                kind: random.next() % 2 == 0 ? .redriveRequested : .parkedDiscarded,
                content: .selection(
                    ParkedSelection(
                        integration: integration,
                        segment: random.next() % 2 == 0 ? nil : segment,
                        profile: random.next() % 2 == 0
                            ? nil : ProfileOrdinal(UInt32(random.next() % 3)))))
        case 49..<51:
            return Event(
                kind: .deliveryStarted,
                content: .start(
                    DeliveryStart(
                        lane: lane,
                        cursor: LaneCursor(
                            position: Position(UInt64(index)).predecessor,
                            profileCount: Int(random.next() % 3)),
                        size: random.next() % 2 == 0 ? nil : 1000,
                        parked: random.next() % 2 == 0 ? nil : Position(3))))
        case 52..<54: return adoption(lane, index, &random)
        case 51: return grade(integration, index, &random)
        case 0..<12: return profiles(.profilesAdded, segment, &random)
        case 12..<18: return profiles(.profilesRemoved, segment, &random)
        case 18..<20: return profiles(.profilesUpdated, SegmentID(0), &random)
        case 20: return Event(kind: .segmentCleared, segment: segment)
        case 21: return Event(kind: .segmentDeleted, segment: segment)
        case 22: return description(.segmentCreated, segment, &random)
        case 23: return description(.segmentUpdated, segment, &random)
        case 24..<26:
            let setting = SystemEventDecoder.IntegrationChanges.Setting(
                name: integration, isActive: [true, false, nil].randomElement(using: &random)!,
                fields: rowFields(&random))
            let isRemoval = random.next() % 3 == 0
            let changes = SystemEventDecoder.IntegrationChanges(
                set: isRemoval ? [] : [setting], removed: isRemoval ? [integration] : [])
            return Event(kind: .configurationApplied, content: .configuration(changes))
        case 26: return Event(kind: .integrationPaused, content: .integration(integration))
        case 27: return Event(kind: .integrationResumed, content: .integration(integration))
        case 28: return Event(kind: .laneLeft, content: .lane(lane))
        case 29..<31:
            return Event(
                kind: .resyncRequested,
                content: .request(
                    ResyncRequest(
                        integration: integration, segments: [SegmentID(1), segment].sorted(),
                        reason: .operator, pin: Position(UInt64(index)).predecessor, resume: nil)))
        case 31..<33: return result(script, &random)
        default:
            return Event(kind: .deliveryRecorded, content: .receipt(receipt(lane, script, &random)))
        }
    }

    private static func rowFields(_ random: inout SeededGenerator) -> RowFields {
        var fields = RowFields()
        for name in fieldNames where random.next() % 3 == 0 {
            if random.next() % 2 == 0 {
                fields.key.append(ExactText(name))
            } else {
                fields.others.append(ExactText(name))
            }
        }
        fields.hasSharedKey = random.next() % 3 > 0
        fields.startsAtBeginning = random.next() % 3 == 0
        return fields
    }

    private static func profiles(
        _ kind: EventKind, _ segment: SegmentID, _ random: inout SeededGenerator
    ) -> Event {
        var ordinals: Set<UInt32> = []
        for _ in 0..<Int.random(in: 1...30, using: &random) {
            let base: UInt32 = random.next() % 2 == 0 ? 0 : 65_520
            ordinals.insert(base + UInt32.random(in: 0..<40, using: &random))
        }
        if random.next() % 4 == 0 {
            let start = UInt32.random(in: 60_000..<140_000, using: &random)
            ordinals.formUnion(start..<start + 6_000)
        }
        let changes = ordinals.sorted().map { ordinal in
            var change = Change(ordinal: ordinal)
            guard random.next() % 3 == 0 || kind == .profilesUpdated, ordinals.count < 50 else {
                return change
            }
            for name in 0..<UInt32(4) where random.next() % 2 == 0 {
                let values: [FieldValue] = [
                    .null, .boolean(true), .number("1.10"), .text("a'\u{0}ü"), .text(""),
                    .json("[1]"), .text(String(repeating: "x", count: 200)),
                    .text(String(repeating: "y", count: 300)),
                ]
                change.fields.append((name, values.randomElement(using: &random)!))
            }
            return change
        }
        return Event(kind: kind, segment: segment, changes: changes)
    }

    private static func description(
        _ kind: EventKind, _ segment: SegmentID, _ random: inout SeededGenerator
    ) -> Event {
        var description = SegmentDescription()
        if random.next() % 2 == 0 { description.name = "VIP \(random.next() % 10)" }
        if random.next() % 2 == 0 { description.databaseID = Int64(random.next() % 3) }
        if random.next() % 2 == 0 { description.tagsGiven = ["z", "a", "z"] }
        if random.next() % 2 == 0 { description.groupsGiven = random.next() % 2 == 0 ? [] : ["g"] }
        return Event(kind: kind, segment: segment, content: .description(description))
    }

    /// Finishes some earlier request, perhaps for the second time.
    private static func result(_ script: Script, _ random: inout SeededGenerator) -> Event {
        let requests = script.events.indices.filter {
            script.events[$0].kind == .resyncRequested
        }
        guard let index = requests.randomElement(using: &random),
            case .request(let request) = script.events[index].content
        else { return Event(kind: .segmentCleared, segment: SegmentID(1)) }
        let outcome = ResyncResult.Outcome.allCases.randomElement(using: &random)!
        return Event(
            kind: .resyncFinished,
            content: .result(
                ResyncResult(
                    integration: request.integration, request: Position(UInt64(index)),
                    outcome: outcome,
                    segments: random.next() % 2 == 0 ? nil : [request.segments[0]])))
    }

    private static func parked(
        _ lane: LaneKey, _ index: Int, _ random: inout SeededGenerator
    ) -> ParkedChange {
        ParkedChange(
            lane: lane, profile: ProfileOrdinal(UInt32(random.next() % 3)),
            position: Position(random.next() % UInt64(index + 1)),
            query: random.next() % 2 == 0 ? .addProfiles : .removeProfiles,
            reason: random.next() % 2 == 0 ? .refused : .held,
            attempt: Int(random.next() % 3),
            errorMessage: random.next() % 2 == 0 ? nil : "refused")
    }

    private static func grade(
        _ integration: String, _ index: Int, _ random: inout SeededGenerator
    ) -> Event {
        Event(
            kind: .gradeRecorded,
            content: .grade(
                GradeRecord(
                    integration: integration,
                    grade: DeliveryGrade.allCases.randomElement(using: &random)!,
                    reason: random.next() % 2 == 0 ? nil : "reason \(index)")))
    }

    private static func adoption(
        _ lane: LaneKey, _ index: Int, _ random: inout SeededGenerator
    ) -> Event {
        Event(
            kind: .laneAdopted,
            content: .adoption(
                LaneAdoption(
                    lane: lane,
                    cursor: LaneCursor(
                        position: Position(random.next() % UInt64(index + 1)).predecessor),
                    epoch: Int64(random.next() % 3),
                    successfulQueryCount: Int(random.next() % 5),
                    fingerprint: fingerprint(&random))))
    }

    private static func fingerprint(_ random: inout SeededGenerator) -> Fingerprint {
        Fingerprint(
            position: Position(random.next() % 100), digest: UInt128(random.next()) << 60)
    }

    private static func receipt(
        _ lane: LaneKey, _ script: Script, _ random: inout SeededGenerator
    ) -> Receipt {
        let index = script.events.count
        let outcome = Receipt.Outcome.allCases.randomElement(using: &random)!
        let position = Position(UInt64(index))
        var receipt = Receipt(
            lane: lane,
            query: [nil, .addProfiles, .addProfiles, .clearSegment].randomElement(using: &random)!,
            outcome: outcome,
            firstPosition: Position(random.next() % UInt64(index + 1)), lastPosition: position,
            cursor: LaneCursor(position: position, profileCount: Int(random.next() % 3)),
            epoch: Int64(random.next() % 3))
        if random.next() % 2 == 0 { receipt.fingerprint = fingerprint(&random) }
        receipt.profileCount = Int(random.next() % 100)
        receipt.rowCount = random.next() % 2 == 0 ? nil : 7
        let parked = script.events.indices.filter { script.events[$0].kind == .changeParked }
        if random.next() % 3 == 0, let one = parked.randomElement(using: &random) {
            receipt.parked = Position(UInt64(one))
        }
        receipt.attempt = 1 + Int(random.next() % 3)
        if outcome == .delivered {
            receipt.successfulQueryCount = 1
        } else {
            receipt.failedQueryCount = 1
            receipt.errorCode = "target_refused"
            receipt.errorMessage = "refused at \(index)"
        }
        return receipt
    }
}
