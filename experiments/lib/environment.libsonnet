// The environment variables that are set and not empty, as an object. Unlike with `std.extVar`, an
// experiment can test whether a variable is set.
local variables = std.parseJson(std.extVar('DTS_EE_ENVIRONMENT'));

{ [name]: variables[name] for name in std.objectFields(variables) if variables[name] != '' }
