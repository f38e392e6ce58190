// The environment variables that are set and not empty, as an object: unlike `std.extVar`, it can be asked
// whether there is one.
local variables = std.parseJson(std.extVar('DTS_EE_ENVIRONMENT'));

{ [name]: variables[name] for name in std.objectFields(variables) if variables[name] != '' }
