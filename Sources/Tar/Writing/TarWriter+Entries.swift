extension TarWriter {
    /// Writes `entry` with the data of the current entry of another tar.
    ///
    /// - Precondition: `entry.size` is that of the reader's current entry.
    package func write(
        _ entry: TarEntry, dataOf reader: inout TarReader
    ) throws(TarError) {
        try writeHeader(entry)
        try reader.copyData(to: output)
    }
}
