/// The five queries of the page that the product follows, as they are printed there, and the tables
/// that it describes.
enum SeedPage {
    static let add = """
        INSERT INTO mysegment (segId, clientId, updated)
        VALUES
        {for $index, $lead = $batch}
        ({segment_id}, "{$lead.CustomID}", NOW()){autocomma}
        {end}
        ON DUPLICATE KEY UPDATE
        updated = NOW();
        """

    static let remove = """
        DELETE FROM mysegment
        WHERE segment_id = {segment_id}
        AND clientId IN ({batch_in "CustomID"})
        """

    static let clear = """
        DELETE FROM mysegment
        WHERE segment_id = {segment_id}
        """

    static let save = """
        INSERT INTO segments (segment_id,name,updated)
        VALUES
        ({segment_id}, "{segment_name}", NOW())
        ON DUPLICATE KEY UPDATE
        name = "{segment_name}",
        updated = NOW();
        """

    static let delete = """
        DELETE FROM segments
        WHERE segment_id = {segment_id}
        LIMIT 1
        """

    /// The page's tables have no key.
    static let tables = """
        CREATE TABLE mysegment (segId int(11), clientId varchar(255), updated datetime);
        CREATE TABLE segments (name varchar(255), segment_id int(11), updated datetime);
        """

    static let keys = """
        ALTER TABLE mysegment ADD UNIQUE (segId, clientId);
        ALTER TABLE segments ADD UNIQUE (segment_id);
        """

    /// `corrected`: the removal and clearing name the column as the table does.
    static func configuration(_ url: String, corrected: Bool) -> String {
        func column(_ query: String) -> String {
            corrected ? query.replacing("WHERE segment_id", with: "WHERE segId") : query
        }
        func block(_ query: String) -> String {
            query.split(separator: "\n").map { "        \($0)" }.joined(separator: "\n")
        }
        return """
            connectors:
              warehouse: { kind: mysql, url: "\(url)" }
            integrations:
              page:
                scope: { database_id: 1, segments: all }
                connector: warehouse
                queries:
                  add_profiles: |
            \(block(add))
                  remove_profiles: |
            \(block(column(remove)))
                  clear_segment: |
            \(block(column(clear)))
                  save_segment: |
            \(block(save))
                  delete_segment: |
            \(block(delete))
            """
    }
}
