import JSON
import OCI

extension RegistryRepository {
    /// All tags, in the registry's order. Some registries list digests among them.
    ///
    /// - Throws: `RegistryError.violation` for other text, which would be printed.
    /// - Spec: distribution-spec v1.1, Listing Tags.
    public func tags() throws -> [String] {
        var tags: [String] = []
        try ListPages(client, try call("GET", "tags/list")).read { response, call in
            guard response.status == 200 else { throw client.refusal(call, response) }
            let document = try document(response, call)
            // A registry may leave out an empty list, but not the name too.
            let object = try document.object()
            guard object["tags"] != nil || object["name"] != nil else {
                throw document.failure("no list of tags")
            }
            var count = 0
            for tag in try document.member("tags")?.elements() ?? [] {
                let text = try tag.string()
                guard RegistryReference.isTagName(text) || Digest.isDigest(text) else {
                    throw tag.failure("neither a tag nor a digest")
                }
                tags.append(text)
                count += 1
            }
            return count
        }
        return tags
    }

    /// The manifests that have `digest` as their subject.
    ///
    /// - Parameter artifactType: selects only manifests of this type.
    /// - Returns: nil when the registry does not have this list; registries report that in
    ///   different ways.
    /// - Spec: distribution-spec v1.1, Listing Referrers.
    public func referrers(of digest: Digest, artifactType: String?) throws -> Index? {
        let query = artifactType.map { "?artifactType=\(percentEncoded($0))" } ?? ""
        var found: [Descriptor] = []
        var isThere = true
        let pages = ListPages(client, try call("GET", "referrers/\(digest)\(query)"))
        try pages.read { response, call in
            if pages.isFirst, response.saysThatThereIsNoList {
                isThere = false
                return nil
            }
            guard response.status == 200 else { throw client.refusal(call, response) }
            let index = try Index(document(response, call))
            let isFiltered = response.headers.all("OCI-Filters-Applied").contains {
                $0.split(whereSeparator: { $0 == "," || $0 == " " }).contains("artifactType")
            }
            found += index.manifests.filter { manifest in
                isFiltered || manifest.isArtifact(of: artifactType)
            }
            return index.manifests.count
        }
        return isThere ? Index(manifests: found) : nil
    }

    private func document(_ response: HTTPResponse, _ call: RegistryCall) throws -> JSONField {
        guard !response.bodyIsCut else {
            throw client.violation(
                call.request, "too large: a page of more than \(ListPages.pageByteLimit) bytes")
        }
        return JSONField(try JSON.parse(response.body))
    }
}

extension HTTPResponse {
    /// Whether the response means that the registry has no list of referrers: by its status, or as
    /// an HTML page.
    fileprivate var saysThatThereIsNoList: Bool {
        [400, 404, 405, 406, 501].contains(status) || (status == 200 && isWebPage)
    }
}
