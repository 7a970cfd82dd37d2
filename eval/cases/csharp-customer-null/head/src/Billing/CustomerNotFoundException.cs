using System;

namespace Contoso.Billing
{
    public sealed class CustomerNotFoundException : Exception
    {
        public CustomerNotFoundException(int id) : base($"There is no customer {id}.")
        {
            Id = id;
        }

        public int Id { get; }
    }
}
