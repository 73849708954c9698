/// A manifest that is to be stored, and the name that it gets.
public struct Publication {
    public let manifest: RawManifest
    /// nil stores it under its digest only.
    public let tag: String?
    /// Called with the digest of the tag, as late as the place allows; when it throws, the tag is not
    /// moved.
    public let check: ((Digest?) throws -> Void)?

    public init(
        _ manifest: RawManifest, tag: String?, check: ((Digest?) throws -> Void)? = nil
    ) {
        self.manifest = manifest
        self.tag = tag
        self.check = check
    }
}
