x()
//# sourceMappingURL=data:application/json;base64,eyJhIjoxfQ==
