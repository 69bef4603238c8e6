package import SegmentModel

/// The body of `lane_adopted`.
extension LaneAdoption: SystemEventBody {
    package init(members: BodyMembers) throws(BodyFault) {
        self.init(
            lane: try LaneKey(members: members),
            cursor: try LaneCursor(try members.optionalObject("cursor")),
            epoch: try members.integer("epoch"),
            successfulQueryCount: try members.integer("successful_queries"),
            fingerprint: try members.required(
                "fingerprint", try members.optionalFingerprint("fingerprint")))
    }

    package func encode() -> String {
        var json = JSONWriter()
        json.beginObject()
        lane.write(to: &json)
        json.key("cursor")
        cursor.write(to: &json)
        json.member("epoch", epoch)
        json.member("successful_queries", successfulQueryCount)
        json.member("fingerprint", fingerprint.text)
        json.endObject()
        return json.text
    }
}

extension BodyMembers {
    func optionalFingerprint(_ key: String) throws(BodyFault) -> Fingerprint? {
        guard let text = try optionalString(key) else { return nil }
        guard let fingerprint = Fingerprint(text) else {
            throw BodyFault(key, "must be a position, a colon and 32 hexadecimal digits")
        }
        return fingerprint
    }
}
