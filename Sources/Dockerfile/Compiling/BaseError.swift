/// An image that an instruction names could not be read.
public struct BaseError: Error {
    public let position: SourcePosition
    /// The error of reading the image.
    public let reason: any Error
}
