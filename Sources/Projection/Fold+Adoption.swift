internal import GRDB
internal import SegmentModel

extension Fold {
    /// What was set aside behind the lane's place of now comes again with its events.
    func foldAdoption(_ adoption: LaneAdoption) throws {
        let lane: StatementArguments = [
            adoption.lane.integration, adoption.lane.segment.rawValue,
        ]
        try execute(
            """
            UPDATE lane SET
                epoch = ?3, position = ?4, profile_count = ?5, successful_queries = ?6,
                fingerprint = ?7, started_position = -2, started_profile_count = 0,
                started_size = 0, started_parked = -1
            WHERE integration = ?1 AND segment_id = ?2
            """,
            lane + [
                adoption.epoch, Self.stored(adoption.cursor.position),
                adoption.cursor.profileCount, adoption.successfulQueryCount,
                adoption.fingerprint.text,
            ])
        try execute(
            """
            DELETE FROM parked
            WHERE integration = ?1 AND segment_id = ?2 AND event_position > ?3
            """, lane + [Self.stored(adoption.cursor.position)])
    }
}
