extension TarWriter {
    /// Writes an entry of another tar as `entry` says, with its data.
    ///
    /// - Precondition: `entry.size` is that of the reader's current entry.
    package func write(
        _ entry: TarEntry, dataOf reader: inout TarReader
    ) throws(TarError) {
        try writeHeader(entry)
        try reader.copyData(to: output)
    }
}
