/// A COPY or ADD with its variables replaced.
struct Copy {
    /// Paths and addresses in their order, as the history has them.
    var written: [String] = []
    /// The paths.
    var sources: [String] = []
    var addresses: [Address] = []
    /// They are copied after all other sources, as in BuildKit.
    var heredocs: [Heredoc] = []
    /// Absolute, with a slash at its end when it is a directory.
    var destination: String
    /// With its variables replaced, as the history has it.
    var writtenDestination: String
    var owner: String?
    var mode: String?
    var isLink: Bool
    /// Where `COPY --from` copies from; nil for the context.
    var root: String?

    struct Address {
        let url: String
        /// The number of paths before it.
        let place: Int
    }
}
