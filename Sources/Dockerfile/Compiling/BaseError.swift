/// An image that an instruction names could not be read.
public struct BaseError: Error {
    public let position: SourcePosition
    /// What the compiler's reader of images threw.
    public let reason: any Error
}
