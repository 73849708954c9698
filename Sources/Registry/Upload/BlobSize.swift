import OCI

extension RegistryRepository {
    /// How many bytes a blob has.
    ///
    /// - Returns: nil when there is no such blob.
    /// - Throws: `RegistryError`, also when the registry does not say.
    /// - Spec: distribution-spec v1.1, Checking if content exists in the registry.
    public func blobSize(_ digest: Digest) throws -> Int64? {
        let call = try call("HEAD", "blobs/\(digest)")
        let response = try client.send(call)
        switch response.status {
        case 200:
            guard let size = response.headers["Content-Length"].flatMap({ HeaderValue.number($0) })
            else { throw client.violation(call.request, "no size of a blob that is there") }
            return size
        case 404: return nil
        default: throw client.refusal(call, response)
        }
    }
}
