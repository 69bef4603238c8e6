import EventJSON
import SegmentModel
import Testing

@Suite struct SystemEventBodyTests {
    private func check<Body: SystemEventBody & Equatable>(_ body: Body) throws {
        let text = body.encode()
        #expect(try Body.decode(text.utf8) == body)
        let later = "{\"added_later\":[{\"x\":1}]," + text.dropFirst()
        if text != "{}" { #expect(try Body.decode(later.utf8) == body) }
    }

    @Test("Every body reads back as it was written, with keys of a later version among its own")
    func roundTrips() throws {
        let lane = LaneKey(integration: "crm \"x\"", segment: SegmentID(-3))
        try check(lane)
        try check(IntegrationReference(integration: "crm"))
        var receipt = Receipt(
            lane: lane, query: .addProfiles, outcome: .delivered, firstPosition: Position(3),
            lastPosition: Position(.max),
            cursor: LaneCursor(position: Position(9), profileCount: 4),
            epoch: 2, successfulQueryCount: 1, profileCount: 10, rowCount: 0, attempt: 3,
            durationMicroseconds: 77, isRecovered: true, resync: Position(0))
        receipt.templateSHA256 = "ab"
        try check(receipt)
        try check(
            Receipt(
                lane: lane, query: nil, outcome: .failed, firstPosition: Position(0),
                lastPosition: Position(0), cursor: LaneCursor(position: nil), epoch: 0,
                failedQueryCount: 1, errorCode: "target_unavailable", targetCode: "08006",
                errorMessage: "gone", errorHint: "wait"))
        for pin in [nil, Position(5)] {
            try check(
                ResyncRequest(
                    integration: "crm", segments: [SegmentID(1), SegmentID(2)], reason: .operator,
                    pin: pin, resume: pin))
        }
        try check(
            ResyncResult(
                integration: "crm", request: Position(8), outcome: .done,
                segments: [SegmentID(1), SegmentID(7)]))
        try check(ResyncResult(integration: "crm", request: Position(8), outcome: .cancelled))
        try check(
            ResyncResult(
                integration: "crm", request: Position(8), outcome: .failed, errorCode: "c",
                errorMessage: "m"))
        try check(SegmentDescription())
        try check(SegmentDescription(name: "", databaseID: -1, tags: [], groups: ["a", "b"]))
    }

    @Test("A lane that has delivered nothing has the cursor null")
    func emptyCursor() throws {
        let receipt = Receipt(
            lane: LaneKey(integration: "a", segment: SegmentID(1)), query: nil, outcome: .stopped,
            firstPosition: Position(1), lastPosition: Position(1),
            cursor: LaneCursor(position: nil), epoch: 1)
        #expect(
            receipt.encode()
                == #"{"integration":"a","segment_id":1,"outcome":"stopped","first_position":1,"#
                + #""last_position":1,"cursor":null,"epoch":1,"attempt":1}"#)
    }

    @Test("INV-10: a body that cannot be read is refused without its content")
    func refused() throws {
        let failure = try #require(throws: Failure.self) {
            try LaneKey.decode(#"{"integration":"S3CRET","segment_id":"S3CRET"}"#.utf8)
        }
        #expect(failure.code == .formatUnknown)
        #expect(failure.message.hasSuffix("cannot be read: segment_id: must be an integer"))
        #expect(throws: Failure.self) { try LaneKey.decode("[]".utf8) }
        #expect(throws: Failure.self) { try LaneKey.decode("{".utf8) }
    }
}
